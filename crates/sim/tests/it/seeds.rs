//! Seeds to look at.

#[test]
fn seeds() {
    let from: u64 = std::env::var("FROM").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let many: u64 = std::env::var("COUNT").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let planted = std::env::var("PLANT").ok().and_then(|p| sim::net::Planted::named(&p));
    let mut failed = 0;
    let begun = std::time::Instant::now();
    for seed in from..from + many {
        let lived = sim::net::live(seed, planted);
        match lived.ended {
            Ok(report) if many <= 3 => println!("{report}"),
            Ok(_) => {}
            Err(failure) => {
                failed += 1;
                if std::env::var("BRIEF").is_ok() {
                    let s: String = failure.what().chars().take(200).collect();
                    println!("seed {seed}: {} step {}: {}", failure.invariant(), failure.step(), s);
                } else {
                    println!("{failure}");
                }
            }
        }
    }
    println!("{failed} of {many} failed in {:?}", begun.elapsed());
}
