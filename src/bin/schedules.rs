//! Plays random schedules (first draft).

use glassbroker::sim::EventKind;
use glassbroker::sim::plan::Run;
use glassbroker::sim::plan::campaign::Campaign;

fn main() {
    let mut args = std::env::args().skip(1);
    let first: u64 = args.next().map_or(1, |a| a.parse().expect("seed"));
    let count: u64 = args.next().map_or(100, |a| a.parse().expect("count"));
    if count == 1 {
        let mut run = Run::new(first);
        let mut lines: Vec<String> = Vec::new();
        eprintln!("{:#?}", run.schedule().plan());
        loop {
            let result = run.advance();
            for event in run.world().events() {
                let node = event.node.map_or("-".to_string(), |n| n.to_string());
                let what = match &event.kind {
                    EventKind::MessageSent(m) => format!(
                        "SENT {} {:?} {} -> {} [{}] {:?}",
                        m.api_key().name(),
                        m.id,
                        m.from,
                        m.to,
                        m.is_request(),
                        m.body
                    ),
                    EventKind::MessageDelivered(m) => {
                        format!("DELIVERED {} {:?} {} -> {}", m.api_key().name(), m.id, m.from, m.to)
                    }
                    EventKind::MessageDropped(m) => {
                        format!("DROPPED {} {:?} {} -> {}", m.api_key().name(), m.id, m.from, m.to)
                    }
                    other => format!("{other:?}"),
                };
                lines.push(format!("step {} ev {} t {} {node}: {what}", run.step(), event.id, event.at.0));
            }
            match result {
                Ok(true) => {}
                Ok(false) => break,
                Err(v) => {
                    lines.push(format!("VIOLATION {v}"));
                    break;
                }
            }
        }
        for line in lines {
            println!("{line}");
        }
        return;
    }
    let campaign = Campaign::play(first, count, &|failure| println!("{failure}"));
    let s = campaign.took.as_secs_f64();
    println!(
        "{} schedules, {} steps, {} events, {:.1} s: {:.0} schedules/s {:.0} steps/s {:.0} events/s",
        campaign.schedules,
        campaign.steps,
        campaign.events,
        s,
        campaign.schedules as f64 / s,
        campaign.steps as f64 / s,
        campaign.events as f64 / s
    );
    println!("{}", campaign.coverage);
    println!("{} failed", campaign.failures.len());
}
