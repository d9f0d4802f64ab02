//! The traps that earlier studies of the protocol fell into (protocol §7, "Known traps"), and after them those that were met
//! here, each with the scenarios that show it: those of what ships, and those of what a naive site would do.

/// A trap.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// What it is, in the protocol's words.
    pub name: &'static str,
    /// Scenarios in which what ships keeps out of it.
    pub holds: &'static [&'static str],
    /// Scenarios in which the naive variant is planted, and found.
    pub naive: &'static [&'static str],
}

/// All of them, the protocol's in its order.
pub const TRAPS: [Trap; 15] = [
    Trap {
        name: "unpaid invoices counted as capacity",
        holds: &["rooms-invoice"],
        naive: &["rooms-invoice-counted"],
    },
    Trap {
        name: "open promises counted as new room the other way",
        holds: &["rooms-opposite"],
        naive: &["rooms-promise-counted"],
    },
    Trap {
        name: "two lifts on one circle blocking each other",
        holds: &["rooms-circles", "rooms-circles-again", "rooms-circles-three"],
        naive: &["rooms-waiting", "rooms-at-once"],
    },
    Trap {
        name: "a node that voids on its own clock and then meets a late commit",
        holds: &["lift-two", "lift-three", "lift-circle-two"],
        naive: &["lift-own-clock"],
    },
    Trap {
        name: "a crashed relay that strands the nodes behind it",
        holds: &["lift-three", "lift-four"],
        naive: &["lift-stranded"],
    },
    Trap {
        name: "an originator that never decides",
        holds: &["lift-circle-two", "lift-circle-three-all"],
        naive: &["lift-never-decides"],
    },
    Trap {
        name: "colluding nodes that swap keys or referees",
        holds: &["lift-liar", "lift-liars-around-one", "lift-liar-circle", "lift-liars"],
        naive: &["lift-any-key", "lift-any-referee"],
    },
    Trap {
        name: "a chit announced before it is linked",
        holds: &["rooms-invoice-crash"],
        naive: &["rooms-announced-first"],
    },
    Trap {
        name: "halves whose chains differ and nobody compares",
        holds: &["rooms-wide"],
        naive: &["rooms-never-compare"],
    },
    Trap {
        name: "a referee that forgot",
        holds: &["joint-one-went-back", "agreement-silent"],
        naive: &["joint-forgetful", "lift-forgetful-referee", "agreement-amnesia"],
    },
    Trap {
        name: "a payment tried twice",
        holds: &["rooms-tried-again", "rooms-tried-at-once"],
        naive: &["rooms-paid-twice"],
    },
    Trap {
        name: "a payment in parts that is made in part",
        holds: &["lift-parts", "lift-parts-restored", "lift-parts-refused"],
        naive: &["rooms-lift-for-each-part", "lift-parts-apart"],
    },
    Trap {
        name: "parts that nobody adds up",
        holds: &["lift-parts-less", "lift-parts-more"],
        naive: &["lift-parts-less-uncounted", "lift-parts-more-uncounted"],
    },
    Trap {
        name: "a lift that ends elsewhere",
        holds: &["lift-ends-elsewhere", "lift-does-not-return"],
        naive: &["lift-ends-unasked", "lift-return-unasked"],
    },
    Trap {
        name: "a debt by the word of an agent of before",
        holds: &["lift-never-said", "lift-lost-liar"],
        naive: &["lift-former-agent"],
    },
];
