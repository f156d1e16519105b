//! Long work shows how far it is, on a terminal's standard error; and is spread over the processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar with this title, or nothing where nobody would see it.
fn bar(title: &'static str, length: usize, shown: bool) -> ProgressBar {
    // The default target is standard error, and hidden where that is no terminal.
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{prefix:>8} {wide_bar} {pos}/{len}").expect("the template is right");
    ProgressBar::with_draw_target(Some(length as u64), target).with_style(style).with_prefix(title)
}

/// Does `work` on every item, as many at a time as there are processors; results in the order of the items.
pub fn each<T: Sync, R: Send>(title: &'static str, shown: bool, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let bar = bar(title, items.len(), shown);
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let taken = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(taken) else { break };
                    *results[taken].lock().expect("no worker panics while it holds this") = Some(work(item));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    results.into_iter().map(|slot| slot.into_inner().ok().flatten().expect("every item was worked on")).collect()
}
