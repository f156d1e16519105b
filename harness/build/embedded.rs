pub fn build(_out_dir: &std::path::Path) {}
