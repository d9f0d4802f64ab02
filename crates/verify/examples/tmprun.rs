#![allow(clippy::all, clippy::pedantic, missing_docs, clippy::print_stdout)]
use verify::*;
fn main() {
    let want: Vec<String> = std::env::args().skip(1).collect();
    for s in scenarios().into_iter().filter(|s| want.iter().any(|w| s.name == w || (w.ends_with('*') && s.name.starts_with(&w[..w.len()-1])))) {
        let t = std::time::Instant::now();
        struct W(std::time::Instant);
        impl Watch for W { fn go_on(&self, k: usize, e: usize) -> bool { let s=self.0.elapsed().as_secs(); eprintln!("  {s}s known {k} explored {e}"); s < std::env::var("MAXS").ok().and_then(|x|x.parse().ok()).unwrap_or(60) } }
        let r = s.run(Limits { threads: 2, memory_bytes: 4 << 30 }, &W(t));
        println!("{} {:?} in {:?} as expected: {}", s.name, r.counts, t.elapsed(), s.expects(&r.verdict));
        match &r.verdict { Verdict::Broken { invariant, why, trace } => { println!("  {invariant}: {why}\n   {}", trace.begin);
            for l in &trace.way { println!(" - {}\n     {}", l.action, l.state); } println!("."); for l in &trace.cycle { println!(" - {}\n     {}", l.action, l.state); } }
          v => println!("  {v:?}") }
    }
}
