//! Long work shows how far it is, on a terminal's standard error; and is spread over the processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar with this title, or nothing where nobody would see it.
fn bar(title: &'static str, length: usize, shown: bool) -> ProgressBar {
    // The default target is standard error, and hidden where that is no terminal.
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{prefix:>8} {wide_bar} {pos}/{len}").expect("the template is right");
    ProgressBar::with_draw_target(Some(length as u64), target).with_style(style).with_prefix(title)
}

/// So many cells that mostly wait run at a time, beside the others.
const WAITING: usize = 16;

/// Does `work` on every item, as many at a time as there are processors; results in the order of the items.
pub fn each<T: Sync, R: Send>(title: &'static str, shown: bool, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    each_beside(title, shown, items, |_| false, work)
}

/// The same, but what `waits` takes no processor from the others.
pub fn each_beside<T: Sync, R: Send>(
    title: &'static str,
    shown: bool,
    items: &[T],
    waits: impl Fn(&T) -> bool,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let bar = bar(title, items.len(), shown);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let (waiting, working): (Vec<usize>, Vec<usize>) = (0..items.len()).partition(|place| waits(&items[*place]));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let do_one = |place: usize| {
        *results[place].lock().expect("no worker panics while it holds this") = Some(work(&items[place]));
        bar.inc(1);
    };
    std::thread::scope(|scope| {
        for (places, workers) in [(&waiting, WAITING), (&working, processors)] {
            let next = Arc::new(AtomicUsize::new(0));
            for _ in 0..workers.min(places.len()) {
                let (next, do_one) = (Arc::clone(&next), &do_one);
                scope.spawn(move || {
                    while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                        do_one(*place);
                    }
                });
            }
        }
    });
    bar.finish_and_clear();
    results.into_iter().map(|slot| slot.into_inner().ok().flatten().expect("every item was worked on")).collect()
}
