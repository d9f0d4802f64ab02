//! The largest flow by the textbook: any way with room, until there is none. Slow, and written on its own.

use clearing::Hop;

/// The most that flows, counting for each hop `room` of it.
pub(crate) fn largest(
    list: &[Hop],
    participants: u32,
    from: u32,
    to: u32,
    room: impl Fn(&Hop) -> i64,
) -> i128 {
    let n = participants as usize;
    let mut rooms = vec![vec![0_i128; n]; n];
    for hop in list {
        rooms[hop.giver as usize][hop.taker as usize] += i128::from(room(hop));
    }
    let mut total = 0;
    loop {
        let mut before = vec![None; n];
        let mut waiting = vec![from as usize];
        while let Some(v) = waiting.pop() {
            for u in 0..n {
                if rooms[v][u] > 0 && before[u].is_none() && u != from as usize {
                    before[u] = Some(v);
                    waiting.push(u);
                }
            }
        }
        let Some(mut at) = before[to as usize].map(|_| to as usize) else { return total };
        let mut way = Vec::new();
        while let Some(v) = before[at] {
            way.push((v, at));
            at = v;
        }
        let more = way.iter().map(|&(v, u)| rooms[v][u]).min().expect("a way has steps");
        for (v, u) in way {
            rooms[v][u] -= more;
            rooms[u][v] += more;
        }
        total += more;
    }
}

pub(crate) fn most(hop: &Hop) -> i64 {
    hop.lading.most().milli()
}
