//! Two sites on one machine: one invitation connects them, and whatever is killed, both say the same in the end.

use super::pair::Two;
use super::serving::Serving;
use super::town::Town;

/// How often one of the two is killed: the variable `KILLS` says otherwise.
const KILLS: u8 = 4;

#[test]
fn two_sites_that_never_met_are_connected_by_one_invitation() {
    let two = Two::new();
    let (anns, bobs) = (two.anns.serve(), two.bobs.serve());
    assert_ne!(anns.agent, bobs.agent);
    two.open_tally();
    two.bobs.does("pay ann 12.5 --as bob");
    two.agree_on(12_500);
    two.anns.does("invoice bob 7 --as ann --memo bread");
    two.wait("Bob sees the invoice", || {
        let invoices = two.bobs.json("invoice list --as bob");
        invoices["invoices"].as_array().is_some_and(|invoices| !invoices.is_empty())
    });
    two.anns.does("tally set bob --as ann --target 3");
    two.anns.does("pay bob 12.5 --as ann");
    two.agree_on(0);
    two.bobs.does("tally close ann --as bob");
    two.wait("it is closed", || {
        two.anns.status("ann") == "close" && two.bobs.status("bob") == "close"
    });
    two.agree_on(0);
    // Without each other, and again with each other.
    bobs.end();
    anns.end();
    two.anns.is_well();
}

#[test]
fn whoever_is_killed_when_both_say_the_same_in_the_end() {
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let two = Two::new();
    let mut serving: [Serving; 2] = [two.anns.serve(), two.bobs.serve()];
    let places = [serving[0].place.clone(), serving[1].place.clone()];
    two.open_tally();
    let mut owed = 0;
    for kill in 0..kills {
        // Now the one pays more, now the other: however often, nobody comes to its limit.
        let which = usize::from(kill % 2);
        let [bobs, anns] = [["0.5", "0.2"], ["0.2", "0.5"]][which];
        for _ in 0..3 {
            two.bobs.does(&format!("pay ann {bobs} --as bob"));
            two.anns.does(&format!("pay bob {anns} --as ann"));
            owed += [300, -300][which];
        }
        let town = [&two.anns, &two.bobs][which];
        let again = town.serve_again(&places[which], &mut serving[which]);
        serving[which] = again;
    }
    two.agree_on(owed);
}

impl Town {
    /// Kills a serving site and serves it again at the same place.
    fn serve_again(&self, place: &str, serving: &mut Serving) -> Serving {
        serving.signal("KILL");
        serving.code();
        self.serve_at(place)
    }
}

#[test]
fn where_another_is_reached_already_nobody_else_is() {
    let two = Two::new();
    let anns = two.anns.serve();
    let mut second = two.bobs.command(&["serve", "--port", "0"]);
    let refused = crate::run::Run::from(second.env("MYCHIPS_PEERS_LISTEN", &anns.place));
    assert_eq!((refused.code, refused.out.as_str()), (3, ""));
    assert!(refused.err.contains("peers.listen in mychips.toml says where"), "{}", refused.err);
    let mut alone = two.bobs.command(&["serve", "--port", "0", "--json"]);
    alone.env("MYCHIPS_PEERS_LISTEN", "off").stdout(std::process::Stdio::piped());
    let mut alone = alone.spawn().unwrap();
    let mut line = String::new();
    let out = alone.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    assert!(line.contains("\"peers\":[]"), "{line}");
    alone.kill().unwrap();
    alone.wait().unwrap();
}
