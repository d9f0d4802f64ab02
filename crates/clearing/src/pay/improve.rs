//! What rounding took, won back: parts put together, stretched and shortened, as long as the payer gives less.

use protocol::Units;

use super::Request;
use super::laid::{Laid, given, lay, lay_ways};
use crate::lossy::{Prices, Way};
use crate::path::{Hops, Path};

/// How many plans are tried for one payment.
const MOST_TRIES: usize = 256;

/// How many of them laying a part anew is worth, which searches the graph.
const REROUTING: usize = 64;

/// The cheapest plan that is found from this one, in at most as many parts.
pub(super) fn improve(
    graph: &Hops,
    request: &Request,
    prices: Option<&Prices>,
    mut parts: Vec<Path>,
    at_least: Units,
) -> Vec<Path> {
    let goal = request.amount.milli();
    let mut tries = MOST_TRIES;
    while given(&parts) > i128::from(at_least.milli()) && parts.len() > 1 {
        let better = |ways: Vec<Way>| {
            let Laid { parts: new, arrives } = lay_ways(graph, goal, &ways);
            let key = |parts: &[Path]| (given(parts), parts.len());
            (arrives == goal && key(&new) < key(&parts)).then_some(new)
        };
        let tried = variants(&parts).take(tries).inspect(|_| tries -= 1);
        let mut new = tried.filter_map(better).next();
        for out in 0..parts.len() {
            if new.is_some() || tries < REROUTING || is_rounding(&parts, at_least) {
                break;
            }
            tries -= REROUTING;
            new = rerouted(graph, request, prices, &parts, out);
        }
        let Some(new) = new else { break };
        parts = new;
    }
    parts
}

/// Whether what a plan costs beyond the bound is no more than rounding takes where each leg charges twice: the
/// paths are the cheapest then, and other ones would not help.
fn is_rounding(parts: &[Path], at_least: Units) -> bool {
    let legs: usize = parts.iter().map(|part| part.legs.len()).sum();
    let rounded = i128::try_from(2 * legs).unwrap_or(i128::MAX);
    given(parts) - i128::from(at_least.milli()) <= rounded
}

/// The part at `out` taken out and laid anew over whatever is cheapest now, where that is cheaper.
fn rerouted(
    graph: &Hops,
    request: &Request,
    prices: Option<&Prices>,
    parts: &[Path],
    out: usize,
) -> Option<Vec<Path>> {
    let known = given(parts);
    let kept = request.amount.milli() - parts[out].arrives().milli();
    let rest = lay_ways(graph, kept, &without(parts, out));
    let laid = lay(graph, request, prices, rest.parts, request.amount, Some(known));
    let fits = laid.arrives == request.amount.milli()
        && laid.parts.len() <= parts.len().max(request.parts as usize);
    (fits && given(&laid.parts) < known).then_some(laid.parts)
}

fn way(part: &Path) -> Way {
    let hops = part.legs.iter().map(|leg| u32::try_from(leg.hop).unwrap_or(u32::MAX));
    Way { hops: hops.collect(), arrives: part.arrives().milli() }
}

fn without(parts: &[Path], out: usize) -> Vec<Way> {
    let kept = parts.iter().enumerate().filter(|(at, _)| *at != out);
    kept.map(|(_, part)| way(part)).collect()
}

/// Other ways to divide what arrives among the same paths: without one of them, or with one of them
/// first and as wide as it is.
fn variants(parts: &[Path]) -> impl Iterator<Item = Vec<Way>> {
    let fewer = (0..parts.len()).map(|out| without(parts, out));
    let whole = (0..parts.len()).map(move |first| {
        let mut ways: Vec<Way> = parts.iter().map(way).collect();
        ways[..=first].rotate_right(1);
        ways[0].arrives = i64::MAX;
        ways
    });
    fewer.chain(whole)
}
