//! Draws how much of a freed block stays resident, by its size: a strip for each allocator, as SVG or PNG.
//!
//! All is rectangles and lines of text, so that a raster needs no font of the machine's and no drawing library.

use std::path::Path;

use anyhow::{Result, bail};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::model::{Finding, Report};
use crate::report::areas::title_on;
use crate::report::layout::{thousands, width};

const SHARE: [&str; 2] = ["release/share-by-size", "python/release/share-by-size"];
const BOUNDARY: [&str; 2] = ["release/threshold", "python/release/array-threshold"];

/// The form of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    Svg,
    Png,
}

impl Picture {
    /// The form that a file's name asks for.
    pub fn of(path: &Path) -> Result<Self> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Picture::Svg),
            Some("png") => Ok(Picture::Png),
            _ => bail!("{}: --plot draws .svg or .png; give the file one of these names", path.display()),
        }
    }

    /// The report's answers to `share-by-size`, drawn.
    pub fn draw(self, report: &Report) -> Result<Vec<u8>> {
        let scene = scene(report);
        match self {
            Picture::Svg => Ok(scene.svg().into_bytes()),
            Picture::Png => scene.png(),
        }
    }
}

// ---- What is drawn -------------------------------------------------------------------------------------------------

/// One allocator's line.
struct Strip {
    name: String,
    /// Size, and percent of its pages that were resident after free; by size.
    points: Vec<(u64, u64)>,
    /// The exact size from which on all go, and how.
    boundary: Option<(u64, String)>,
}

/// Those that give back early come first, those that never do come last.
fn strips(report: &Report) -> Vec<Strip> {
    let shares = report.findings.iter().filter(|finding| SHARE.contains(&finding.rule.as_str()));
    let mut strips: Vec<Strip> = shares.map(|finding| strip(report, finding)).collect();
    strips.retain(|strip| !strip.points.is_empty());
    strips.sort_by_key(|strip| strip.boundary.as_ref().map_or(u64::MAX, |(bytes, _)| *bytes));
    strips
}

fn strip(report: &Report, share: &Finding) -> Strip {
    let mut points: Vec<(u64, u64)> = (share.measures.iter())
        .filter_map(|(name, percent)| Some((name.strip_prefix("percent_of_")?.parse().ok()?, *percent)))
        .collect();
    points.sort();
    let is_boundary = |finding: &&Finding| {
        BOUNDARY.contains(&finding.rule.as_str()) && finding.variant.is_none() && finding.allocator == share.allocator
    };
    let found = report.findings.iter().find(is_boundary);
    let boundary = found.and_then(|finding| {
        Some((*finding.measures.get("bytes")?, finding.facts.get("fate").cloned().unwrap_or_default()))
    });
    Strip { name: title_on(report, &share.allocator), points, boundary }
}

impl Strip {
    /// From one size to another, with the percent that holds between. A change lies at the exact boundary where that is
    /// between two sizes, else halfway.
    fn steps(&self) -> Vec<(f64, f64, u64)> {
        let mut steps: Vec<(f64, f64, u64)> = Vec::new();
        let mut from = self.points[0].0 as f64;
        for pair in self.points.windows(2) {
            let ((low, percent), (high, next)) = (pair[0], pair[1]);
            let exact = self.boundary.as_ref().map(|(bytes, _)| *bytes).filter(|bytes| (low..=high).contains(bytes));
            if percent != next {
                let change = exact.map_or((low as f64 * high as f64).sqrt(), |bytes| bytes as f64);
                steps.push((from, change, percent));
                from = change;
            }
        }
        let (last, percent) = self.points[self.points.len() - 1];
        steps.push((from, last as f64, percent));
        steps
    }
}

// ---- Where it is drawn ---------------------------------------------------------------------------------------------

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 244.0;
const RIGHT: f64 = WIDTH - 40.0;
const TOP: f64 = 146.0;
const PITCH: f64 = 32.0;
const STRIP: f64 = 22.0;

const INK: u32 = 0x1a1a1a;
const FAINT: u32 = 0x6b6b6b;
const GRID: u32 = 0xdedede;
const GROUND: u32 = 0xf4f4f4;
/// Blue and vermilion of Okabe and Ito's palette, which those who see no red or no green tell apart too.
const STAYS: u32 = 0x0072b2;
const QUESTION: u32 = 0xd55e00;

/// The arrays that the question is always about: how many doubles, and how that is written.
const QUESTIONS: [(u64, &str); 2] = [(10_000, "10**4 doubles"), (100_000, "10**5 doubles")];

fn scene(report: &Report) -> Scene {
    let strips = strips(report);
    let bottom = TOP + PITCH * strips.len() as f64;
    let mut scene = Scene { height: bottom + 68.0, shapes: Vec::new() };
    scene.text(LEFT, 16.0, FontWeight::Bold, INK, "How much of a freed block stays resident, by its size");
    let platform = &report.platform;
    let pages = thousands(platform.page_size);
    let place = format!(
        "one block, written and freed in a warm heap, looked at right after; {}, {pages} B pages",
        platform.libc
    );
    scene.text(LEFT, 40.0, PLAIN, FAINT, &place);
    scene.rectangle(LEFT, 69.0, 13.0, 13.0, STAYS);
    scene.text(LEFT + 20.0, 67.0, PLAIN, INK, "share of its pages that stay: the full height is all of them");
    let lowest = strips.iter().map(|strip| strip.points[0].0).min().unwrap_or(4096) as f64;
    let highest = strips.iter().filter_map(|strip| strip.points.last()).map(|point| point.0).max().unwrap_or(1 << 26);
    let axis = Axis { lowest, highest: highest as f64 };
    axis.draw(&mut scene, bottom);
    let tops = |row: usize| TOP + PITCH * row as f64;
    for (row, strip) in strips.iter().enumerate() {
        strip.draw(&mut scene, &axis, tops(row));
    }
    for (count, words) in QUESTIONS {
        let x = axis.at((count * 8) as f64);
        scene.rectangle(x - 0.75, TOP - 8.0, 1.5, bottom - TOP + 8.0, QUESTION);
        scene.text(x - width_of(words) / 2.0, TOP - 30.0, PLAIN, QUESTION, words);
    }
    for (row, strip) in strips.iter().enumerate() {
        strip.label(&mut scene, &axis, tops(row));
    }
    scene
}

/// Sizes by their logarithm.
struct Axis {
    lowest: f64,
    highest: f64,
}

impl Axis {
    fn at(&self, size: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (size / self.lowest).ln() / (self.highest / self.lowest).ln()
    }

    fn draw(&self, scene: &mut Scene, bottom: f64) {
        let mut size = self.lowest.max(1.0) as u64;
        while size as f64 <= self.highest {
            let x = self.at(size as f64);
            let words = in_units(size);
            scene.rectangle(x - 0.5, TOP - 4.0, 1.0, bottom - TOP + 6.0, GRID);
            scene.text(x - width_of(&words) / 2.0, bottom + 4.0, PLAIN, FAINT, &words);
            size *= 4;
        }
        let words = "size of the block";
        scene.text((LEFT + RIGHT - width_of(words)) / 2.0, bottom + 30.0, PLAIN, INK, words);
    }
}

/// `256 KiB`
fn in_units(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1048576 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}

impl Strip {
    fn draw(&self, scene: &mut Scene, axis: &Axis, top: f64) {
        scene.rectangle(LEFT, top, RIGHT - LEFT, STRIP, GROUND);
        for (from, to, percent) in self.steps() {
            let height = STRIP * percent as f64 / 100.0;
            scene.rectangle(axis.at(from), top + STRIP - height, axis.at(to) - axis.at(from), height, STAYS);
        }
    }

    /// Its name at the left, and the exact figure beside the step: where nothing stays, or on the bar for want of room.
    fn label(&self, scene: &mut Scene, axis: &Axis, top: f64) {
        let middle = top + (STRIP - LINE) / 2.0;
        scene.text(LEFT - 12.0 - width_of(&self.name), middle, PLAIN, INK, &self.name);
        let (at, words) = match &self.boundary {
            Some((bytes, fate)) => (axis.at(*bytes as f64), format!("{} B {fate}", thousands(*bytes))),
            None => (RIGHT, "no size goes back whole".to_owned()),
        };
        let room = RIGHT - at > width_of(&words) + 16.0;
        let (x, color) = if room { (at + 8.0, INK) } else { (at - 8.0 - width_of(&words), 0xffffff) };
        scene.rectangle(x - 3.0, top, width_of(&words) + 6.0, STRIP, if room { GROUND } else { STAYS });
        scene.text(x, middle, PLAIN, color, &words);
    }
}

// ---- How it is drawn -----------------------------------------------------------------------------------------------

/// A raster has so many pixels to a unit of the scene.
const SCALE: usize = 2;
/// All text is of one size, its characters of one width.
const GLYPHS: RasterHeight = RasterHeight::Size32;
const LINE: f64 = (GLYPHS.val() / SCALE) as f64;
const PLAIN: FontWeight = FontWeight::Regular;

fn width_of(text: &str) -> f64 {
    (width(text) * get_raster_width(PLAIN, GLYPHS) / SCALE) as f64
}

enum Shape {
    Rectangle {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        color: u32,
    },
    /// From its upper left corner.
    Text {
        x: f64,
        y: f64,
        weight: FontWeight,
        color: u32,
        text: String,
    },
}

struct Scene {
    height: f64,
    shapes: Vec<Shape>,
}

impl Scene {
    fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, color: u32) {
        if width > 0.0 && height > 0.0 {
            self.shapes.push(Shape::Rectangle { x, y, width, height, color });
        }
    }

    fn text(&mut self, x: f64, y: f64, weight: FontWeight, color: u32, text: &str) {
        self.shapes.push(Shape::Text { x, y, weight, color, text: text.to_owned() });
    }

    fn svg(&self) -> String {
        let height = self.height;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-size=\"{:.2}\" font-family=\"'Noto Sans Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            width_of("0") / 0.6
        );
        for shape in &self.shapes {
            text += &match shape {
                Shape::Rectangle { x, y, width, height, color } => format!(
                    "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"#{color:06x}\"/>\n"
                ),
                // Of a width that is given, whatever typeface is there.
                Shape::Text { x, y, weight, color, text } => format!(
                    "<text x=\"{x:.2}\" y=\"{:.2}\" textLength=\"{:.2}\" font-weight=\"{}\" fill=\"#{color:06x}\">{}</text>\n",
                    y + 0.8 * LINE,
                    width_of(text),
                    if *weight == PLAIN { "normal" } else { "bold" },
                    text.replace('&', "&amp;").replace('<', "&lt;")
                ),
            };
        }
        text + "</svg>\n"
    }

    fn png(&self) -> Result<Vec<u8>> {
        let mut raster = Raster::new(WIDTH as usize * SCALE, self.height.ceil() as usize * SCALE);
        for shape in &self.shapes {
            raster.draw(shape);
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, raster.width as u32, raster.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header()?.write_image_data(&raster.pixels)?;
        Ok(file)
    }
}

struct Raster {
    width: usize,
    height: usize,
    /// Red, green and blue, a byte each.
    pixels: Vec<u8>,
}

impl Raster {
    fn new(width: usize, height: usize) -> Self {
        Raster { width, height, pixels: vec![0xff; width * height * 3] }
    }

    fn draw(&mut self, shape: &Shape) {
        let scaled = |unit: f64| unit * SCALE as f64;
        match shape {
            Shape::Rectangle { x, y, width, height, color } => {
                let (left, right, top, bottom) = (scaled(*x), scaled(x + width), scaled(*y), scaled(y + height));
                for row in top as usize..bottom.ceil() as usize {
                    for column in left as usize..right.ceil() as usize {
                        let cover = covered(column, left, right) * covered(row, top, bottom);
                        self.blend(column, row, *color, cover);
                    }
                }
            }
            Shape::Text { x, y, weight, color, text } => {
                let step = get_raster_width(PLAIN, GLYPHS);
                for (place, character) in text.chars().enumerate() {
                    let Some(glyph) = get_raster(character, *weight, GLYPHS) else { continue };
                    let (left, top) = (scaled(*x) as usize + place * step, scaled(*y) as usize);
                    for (row, line) in glyph.rows().enumerate() {
                        for (column, cover) in line.iter().enumerate() {
                            self.blend(left + column, top + row, *color, f64::from(*cover) / 255.0);
                        }
                    }
                }
            }
        }
    }

    fn blend(&mut self, column: usize, row: usize, color: u32, cover: f64) {
        if column >= self.width || row >= self.height {
            return;
        }
        let pixel = &mut self.pixels[(row * self.width + column) * 3..][..3];
        for (byte, shift) in pixel.iter_mut().zip([16, 8, 0]) {
            let new = f64::from(color >> shift & 0xff);
            *byte = (f64::from(*byte) + (new - f64::from(*byte)) * cover).round() as u8;
        }
    }
}

/// How much of the pixel at this place lies between the two edges.
fn covered(place: usize, low: f64, high: f64) -> f64 {
    (high.min(place as f64 + 1.0) - low.max(place as f64)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn strip(points: &[(u64, u64)], boundary: Option<u64>) -> Strip {
        let boundary = boundary.map(|bytes| (bytes, "unmapped".to_owned()));
        Strip { name: "x".into(), points: points.to_vec(), boundary }
    }

    #[rstest]
    #[case::exact(&[(100, 100), (400, 0), (800, 0)], Some(300), &[(100.0, 300.0, 100), (300.0, 800.0, 0)])]
    #[case::halfway(&[(100, 100), (400, 50), (800, 50)], None, &[(100.0, 200.0, 100), (200.0, 800.0, 50)])]
    #[case::elsewhere(&[(100, 100), (400, 0)], Some(700), &[(100.0, 200.0, 100), (200.0, 400.0, 0)])]
    #[case::never(&[(100, 100), (400, 100)], None, &[(100.0, 400.0, 100)])]
    fn a_step_is_where_the_exact_boundary_is(
        #[case] points: &[(u64, u64)],
        #[case] boundary: Option<u64>,
        #[case] steps: &[(f64, f64, u64)],
    ) {
        assert_eq!(strip(points, boundary).steps(), steps);
    }

    #[rstest]
    #[case(512, "512 B")]
    #[case(4096, "4 KiB")]
    #[case(1 << 26, "64 MiB")]
    fn units(#[case] size: u64, #[case] words: &str) {
        assert_eq!(in_units(size), words);
    }

    #[test]
    fn a_half_covered_pixel_is_half_painted() {
        let mut raster = Raster::new(2, 1);
        raster.draw(&Shape::Rectangle { x: 0.25, y: 0.0, width: 0.5, height: 0.5, color: 0 });
        assert_eq!(raster.pixels, [128, 128, 128, 128, 128, 128]);
    }
}
