//! Which places that others name are knocked at.

use protocol::address::{Endpoint, Host};

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
            Host::Ip4(ip) => ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
            Host::Ip6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified(),
            Host::Dns(_) => false,
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
        for own in ["127.0.0.1:6379", "169.254.169.254:80", "0.0.0.0:1", "[::1]:22", "[fe80::1]:22"]
        {
            assert!(!Near::Others.may_be_asked(&place(own)), "{own}");
            assert!(Near::ThisMachine.may_be_asked(&place(own)), "{own}");
        }
        for far in ["198.51.100.7:8421", "chips.example.org:8421", "[2001:db8::7]:8421"] {
            assert!(Near::Others.may_be_asked(&place(far)), "{far}");
        }
    }
}
