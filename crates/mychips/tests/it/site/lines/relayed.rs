//! A site that nobody can call, and one that is called for it: Rita's, whom Amy, who lives at Ann's site, knows.

use super::super::pair::Two;
use super::super::serving::Serving;
use super::super::town::Town;

/// What Ann's site logs when it is found at the relay.
const FOUND: &str = "a relay is called for this agent";

fn rita() -> Town {
    let town = Town::bare();
    town.does("init");
    town.does("key new rita");
    town.room_run(&["user", "add", "rita", "--name", "Rita Lay"]);
    town
}

/// Two sites that listen nowhere; Ann's is called at Rita's.
fn hidden(ritas: &Serving) -> Two {
    let off = || ("MYCHIPS_PEERS_LISTEN", "off".to_owned());
    let relay = format!("{}?relay={}", ritas.place, ritas.agent);
    let anns = vec![off(), ("MYCHIPS_PEERS_RELAY", relay)];
    let two =
        Two::at(Town { says: anns, ..Town::bare() }, Town { says: vec![off()], ..Town::bare() });
    two.anns.does("key new amy");
    two.anns.room_run(&["user", "add", "amy", "--name", "Amy Pond"]);
    two
}

#[test]
fn a_site_that_nobody_can_call_is_called_at_its_relay() {
    let ritas = rita();
    let mut relay = ritas.serve();
    let two = hidden(&relay);
    let (anns, bobs) = (two.anns.serve_at("off"), two.bobs.serve_at("off"));
    assert_eq!((anns.place.as_str(), bobs.place.as_str()), ("", ""));
    // Rita's site is nobody's relay whom it does not know.
    two.wait("it is refused", || anns.log().contains("no relay is called for this agent"));
    assert!(!anns.log().contains(FOUND));
    ritas.does("tally invite --as rita --limit 5 --their-limit 5 --out for-amy.json");
    let file = ritas.room.path().join("for-amy.json");
    two.anns.does(&format!("tally answer {} --as amy", file.display()));
    two.wait("there is a relay", || anns.log().contains(FOUND));
    two.wait("others are told", || anns.log().contains("told to find this one at its relay"));

    two.open_tally();
    let invitation = std::fs::read_to_string(two.anns.room.path().join("for-bob.json")).unwrap();
    assert!(invitation.contains(&format!("?relay={}", relay.agent)), "{invitation}");
    let owed = two.pay(5);
    two.agree_on(owed);

    // The relay is away, and comes back.
    relay.signal("KILL");
    relay.code();
    two.bobs.does("pay ann 1 --as bob");
    two.wait("it is lost", || anns.log().matches("no relay is called").count() > 1);
    let relay = ritas.serve_at(&relay.place);
    two.wait("there is a relay again", || anns.log().matches(FOUND).count() > 1);
    two.agree_on(owed + 1_000);
    let log = relay.log();
    for word in ["Ann Baker", "Bob Smith", "ledger"] {
        assert!(!log.contains(word), "the relay knows of {word}");
    }
    bobs.end();
    anns.end();
    relay.end();
}
