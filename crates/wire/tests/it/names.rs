//! Agents that say all the time what they speak and where they answer.

use futures::StreamExt as _;
use libp2p_core::upgrade::Version;
use libp2p_core::{Multiaddr, Transport as _};
use libp2p_identify as identify;
use libp2p_identity::Keypair;
use libp2p_swarm::{Config, Swarm, SwarmEvent};
use protocol::address::Transport;
use wire::{Kind, Limits};

use crate::sites::{Desk, Site, agent, until};

/// One that has a real key and speaks nothing but identify.
fn talker(n: u8) -> Swarm<identify::Behaviour> {
    let key = Keypair::ed25519_from_bytes([n; 32]).unwrap();
    let transport = libp2p_tcp::tokio::Transport::new(libp2p_tcp::Config::default())
        .upgrade(Version::V1Lazy)
        .authenticate(libp2p_noise::Config::new(&key).unwrap())
        .multiplex(libp2p_yamux::Config::default())
        .boxed();
    let config = identify::Config::new("mychips".to_owned(), key.public());
    let config = config.with_agent_version("talker".to_owned());
    let idle = std::time::Duration::from_secs(60);
    let tokio = Config::with_tokio_executor().with_idle_connection_timeout(idle);
    let peer = key.public().to_peer_id();
    Swarm::new(transport, identify::Behaviour::new(config), peer, tokio)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_tells_its_addresses_all_the_time_is_cut_off() {
    let desk = Desk::knowing((30..40).map(agent));
    let quernby = Site::start_with(1, Transport::Tcp, desk, Limits::default()).await;
    let mut talker = talker(31);
    let at: Multiaddr = format!("/ip4/127.0.0.1/tcp/{}", quernby.at()[0].port).parse().unwrap();
    talker.dial(at).unwrap();
    let honest = Site::start(32, Transport::Tcp).await;
    honest.say(&quernby, Kind::Chain, "before").await.unwrap();
    let (mut told, mut port) = (0_u32, 10_000_u16);
    let gone = async {
        loop {
            match talker.select_next_some().await {
                SwarmEvent::ConnectionClosed { .. } => return,
                SwarmEvent::Behaviour(
                    identify::Event::Received { peer_id, .. }
                    | identify::Event::Pushed { peer_id, .. },
                ) => {
                    // Another address each time, and nothing but that.
                    port += 1;
                    told += 1;
                    let new = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
                    talker.add_external_address(new);
                    talker.behaviour_mut().push([peer_id]);
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(crate::sites::LONG, gone).await.expect("is never cut off");
    let counts = quernby.wire.counts();
    assert_eq!(counts.cut_off, 1);
    assert!(counts.identify_passed_over > 10, "{counts:?}");
    assert!(told < 200, "{told} times");
    assert!(quernby.wire.addresses(agent(31)).await.len() <= 8);
    // Nobody else is disturbed.
    honest.say(&quernby, Kind::Chain, "after").await.unwrap();
    until("both were taken", || async { quernby.desk.came().len() == 2 }).await;
}
