//! Which places that others name are knocked at. Where a name leads is found out when it is looked up
//! ([`wire::Limits::names_of_this_machine`]).

use protocol::address::{Endpoint, Host};
use wire::is_at_hand;

/// Which places that others name are knocked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// Those of this machine too: a site that only this machine reaches has such partners only.
    ThisMachine,
    /// Others: nobody far away has us knock at doors of our own house.
    Others,
}

impl Near {
    /// Whether this place is asked.
    #[must_use]
    pub fn may_be_asked(self, at: &Endpoint) -> bool {
        let own = match &at.host {
            Host::Ip4(ip) => is_at_hand((*ip).into()),
            Host::Ip6(ip) => is_at_hand((*ip).into()),
            // Always this machine (RFC 6761); what others lead to is seen once they are looked up.
            Host::Dns(name) => name.as_str().rsplit('.').next() == Some("localhost"),
        };
        matches!(self, Self::ThisMachine) || !own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_far_away_has_us_knock_at_our_own_doors() {
        let place = |text: &str| text.parse::<Endpoint>().unwrap();
        for own in [
            "127.0.0.1:6379",
            "127.3.2.1:6379",
            "169.254.169.254:80",
            "0.0.0.0:1",
            "[::1]:22",
            "[::]:22",
            "[fe80::1]:22",
            "[::ffff:127.0.0.1]:22",
            "[::ffff:169.254.169.254]:80",
            "[::ffff:0.0.0.0]:80",
            "localhost:6379",
            "db.localhost:6379",
            "224.0.0.1:5353",
        ] {
            assert!(!Near::Others.may_be_asked(&place(own)), "{own}");
            assert!(Near::ThisMachine.may_be_asked(&place(own)), "{own}");
        }
        for far in [
            "198.51.100.7:8421",
            "chips.example.org:8421",
            "localhost.example:1",
            "192.168.1.7:8421",
            "[2001:db8::7]:8421",
        ] {
            assert!(Near::Others.may_be_asked(&place(far)), "{far}");
        }
    }
}
