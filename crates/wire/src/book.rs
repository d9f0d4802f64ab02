//! The address book: where agents answered, or are said to. Pure, and bounded: what was used last is
//! kept longest.

use std::collections::BTreeMap;

use protocol::AgentId;
use protocol::address::Endpoint;

/// Where agents answer.
pub(crate) struct Book {
    agents: BTreeMap<AgentId, Page>,
    /// Counts up with each use: a clock that needs no time.
    uses: u64,
    most_agents: usize,
    most_places: usize,
}

/// What is known of one agent: the best place first.
#[derive(Default)]
struct Page {
    places: Vec<Place>,
    used: u64,
}

struct Place {
    at: Endpoint,
    /// The agent itself says so, and may take it back; otherwise whoever uses the wire said so.
    by_itself: bool,
}

impl Book {
    /// An empty one, for so many agents and places of each.
    pub(crate) fn new(most_agents: usize, most_places: usize) -> Self {
        let (most_agents, most_places) = (most_agents.max(1), most_places.max(1));
        Self { agents: BTreeMap::new(), uses: 0, most_agents, most_places }
    }

    /// Whoever uses the wire says that the agent answers there: tried first.
    pub(crate) fn told(&mut self, agent: AgentId, at: &[Endpoint]) {
        if at.is_empty() {
            return;
        }
        let most = self.most_places;
        let places = &mut self.page(agent).places;
        for at in at.iter().take(most).rev() {
            places.retain(|place| place.at != *at);
            places.insert(0, Place { at: at.clone(), by_itself: false });
        }
        places.truncate(most);
    }

    /// The agent says that it answers at these places, and no longer where it said before.
    pub(crate) fn heard(&mut self, agent: AgentId, at: &[Endpoint]) {
        if at.is_empty() {
            return;
        }
        let most = self.most_places;
        let places = &mut self.page(agent).places;
        places.retain(|place| !place.by_itself || at.contains(&place.at));
        for at in at {
            if places.len() < most && places.iter().all(|place| place.at != *at) {
                places.push(Place { at: at.clone(), by_itself: true });
            }
        }
    }

    /// The agent answered there.
    pub(crate) fn worked(&mut self, agent: AgentId, at: &Endpoint) {
        let places = &mut self.page(agent).places;
        if let Some(found) = places.iter().position(|place| place.at == *at) {
            let place = places.remove(found);
            places.insert(0, place);
        }
    }

    /// Somebody else answers there.
    pub(crate) fn wrong(&mut self, agent: AgentId, at: &Endpoint) {
        if let Some(page) = self.agents.get_mut(&agent) {
            page.places.retain(|place| place.at != *at);
        }
    }

    /// Where the agent may be found, the best first.
    pub(crate) fn of(&self, agent: AgentId) -> Vec<Endpoint> {
        let page = self.agents.get(&agent);
        page.map(|page| page.places.iter().map(|place| place.at.clone()).collect())
            .unwrap_or_default()
    }

    fn page(&mut self, agent: AgentId) -> &mut Page {
        if !self.agents.contains_key(&agent) && self.agents.len() >= self.most_agents {
            let oldest = self.agents.iter().min_by_key(|(_, page)| page.used);
            if let Some(oldest) = oldest.map(|(agent, _)| *agent) {
                self.agents.remove(&oldest);
            }
        }
        self.uses += 1;
        let page = self.agents.entry(agent).or_default();
        page.used = self.uses;
        page
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::{SecretKey, Signer as _};

    use super::*;

    fn agent(n: u8) -> AgentId {
        AgentId::of(&SecretKey::ed25519(&[n; 32]).public_key()).unwrap()
    }

    fn at(port: u16) -> Endpoint {
        format!("127.0.0.1:{port}").parse().unwrap()
    }

    #[test]
    fn an_agent_that_moves_is_followed() {
        let mut book = Book::new(4, 4);
        book.told(agent(1), &[at(1)]);
        book.heard(agent(1), &[at(2), at(3)]);
        assert_eq!(book.of(agent(1)), [at(1), at(2), at(3)]);
        book.heard(agent(1), &[at(4)]);
        assert_eq!(book.of(agent(1)), [at(1), at(4)]);
        book.worked(agent(1), &at(4));
        assert_eq!(book.of(agent(1)), [at(4), at(1)]);
        book.wrong(agent(1), &at(1));
        assert_eq!(book.of(agent(1)), [at(4)]);
    }

    #[test]
    fn what_the_caller_tells_comes_first() {
        let mut book = Book::new(4, 3);
        book.heard(agent(1), &[at(1), at(2), at(3)]);
        book.told(agent(1), &[at(9), at(2)]);
        assert_eq!(book.of(agent(1)), [at(9), at(2), at(1)]);
        book.told(agent(1), &[]);
        book.heard(agent(1), &[]);
        assert_eq!(book.of(agent(1)).len(), 3);
    }

    #[test]
    fn the_agent_not_used_for_longest_is_forgotten() {
        let mut book = Book::new(2, 2);
        book.told(agent(1), &[at(1)]);
        book.told(agent(2), &[at(2)]);
        book.worked(agent(1), &at(1));
        book.told(agent(3), &[at(3)]);
        assert_eq!(book.of(agent(1)), [at(1)]);
        assert_eq!(book.of(agent(2)), []);
        assert_eq!(book.of(agent(3)), [at(3)]);
    }

    proptest! {
        #[test]
        fn a_book_stays_small_and_names_a_place_once(
            steps in prop::collection::vec(
                (0..6_u8, 0..4_u8, prop::collection::vec(1..9_u16, 0..6)), 1..60),
        ) {
            let mut book = Book::new(3, 4);
            for (who, what, ports) in steps {
                let places: Vec<_> = ports.iter().copied().map(at).collect();
                match (what, places.first()) {
                    (0, _) => book.told(agent(who), &places),
                    (1, _) => book.heard(agent(who), &places),
                    (2, Some(place)) => book.worked(agent(who), place),
                    (3, Some(place)) => book.wrong(agent(who), place),
                    _ => {}
                }
                prop_assert!(book.agents.len() <= 3);
                let mut known = book.of(agent(who));
                prop_assert!(known.len() <= 4);
                known.sort();
                let all = known.len();
                known.dedup();
                prop_assert_eq!(known.len(), all);
                if let (0, Some(place)) = (what, places.first()) {
                    prop_assert_eq!(&book.of(agent(who))[0], place);
                }
            }
        }
    }
}
