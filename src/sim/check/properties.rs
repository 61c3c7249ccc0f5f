//! What Kafka promises, numbered as in the list that the project was built against, and who looks whether it holds.
//!
//! The properties are those of the published specifications of Kafka's replication (LeaderInIsr, WeakIsr, StrongIsr;
//! KIP-966, KRaft, KIP-848) and of its documentation. The table in `docs/fidelity.md` is made from this one.

/// One promise.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    pub number: u32,
    /// The promise as a sentence.
    pub sentence: &'static str,
    pub looked_at_by: LookedAtBy,
}

/// Who looks whether a promise is kept.
#[derive(Clone, Copy, Debug)]
pub enum LookedAtBy {
    /// Guarantees of this room: file, without its ending, and [`super::Guarantee::name`].
    Guarantees(&'static [(&'static str, &'static str)]),
    /// What it speaks of is not built yet.
    Later(&'static str),
}

use LookedAtBy::{Guarantees, Later};

const fn property(number: u32, sentence: &'static str, looked_at_by: LookedAtBy) -> Property {
    Property { number, sentence, looked_at_by }
}

/// All of them.
pub const PROPERTIES: &[Property] = &[
    property(
        1,
        "A partition has one leader per leader epoch, for ever; leader epochs only grow.",
        Guarantees(&[("one_leader", "one leader per partition and leader epoch")]),
    ),
    property(
        2,
        "A leader is in the ISR. ISR and ELR are replicas, and disjoint; with a full ISR the ELR is empty.",
        Guarantees(&[("leader_in_isr", "the leader is in the ISR")]),
    ),
    property(
        3,
        "No fenced broker is in an ISR, but for the last member of a leaderless partition without ELR.",
        Guarantees(&[("fenced", "no fenced broker is in an ISR")]),
    ),
    property(
        4,
        "On each replica: log start <= high watermark <= log end.",
        Guarantees(&[("high_watermark", "the high watermark lies within the log")]),
    ),
    property(
        5,
        "The high watermark never goes back on one leader within its epoch.",
        Guarantees(&[("forward_only", "the high watermark never goes back on a leader")]),
    ),
    property(
        6,
        "The leader's own ISR contains the controller's.",
        Guarantees(&[("maximal_isr", "the leader's ISR contains the controller's")]),
    ),
    property(
        7,
        "Whoever may be elected from ISR or ELR has everything that was ever committed.",
        Guarantees(&[("leader_completeness", "whoever may lead has everything that was committed")]),
    ),
    property(
        8,
        "Below a leader's high watermark all members of the ISR have the same records.",
        Guarantees(&[
            ("in_sync", "what is committed is on every member of the ISR"),
            ("truncation", "what was committed is never cut from a log"),
        ]),
    ),
    property(
        9,
        "Two replicas hold the same records below the smaller of their high watermarks.",
        Guarantees(&[("committed", super::committed::NAME)]),
    ),
    property(
        10,
        "Offset and leader epoch name one record, and all that comes before it.",
        Guarantees(&[("epochs", "offset and leader epoch name one record")]),
    ),
    property(
        11,
        "A record once handed to a consumer is there unchanged in every later leader's log.",
        Guarantees(&[("reads", "a record once read stays")]),
    ),
    property(
        12,
        "A record acknowledged with acks=all is in the log of every later leader, unless as many replicas as the minimum \
         ISR lose data.",
        Guarantees(&[
            ("acknowledged", "what was acknowledged with acks=all is committed"),
            ("leader_completeness", "whoever may lead has everything that was committed"),
        ]),
    ),
    property(
        13,
        "A send that was told \"not written\" is in no log; one in doubt may be in it.",
        Guarantees(&[("refused", "what was not written is in no log")]),
    ),
    property(
        14,
        "An offset once below the high watermark never stands for another record.",
        Guarantees(&[("committed", super::committed::NAME)]),
    ),
    property(
        15,
        "What a broker has replayed of the metadata log is a prefix of what is committed.",
        Guarantees(&[("quorum", "one quorum leader per epoch, and one metadata log")]),
    ),
    property(
        16,
        "One quorum leader per epoch; a voter votes once; committed entries are in every later leader's log.",
        Guarantees(&[("quorum", "one quorum leader per epoch, and one metadata log")]),
    ),
    property(
        20,
        "The sequence numbers of an idempotent producer follow each other; its records keep their order.",
        Guarantees(&[
            ("sequences", "sequence numbers of an idempotent producer have no gap and no repeat"),
            ("order", "an idempotent producer's records keep their order"),
        ]),
    ),
    property(
        21,
        "A record acknowledged with acks=1 is lost only when the next leader had not copied it.",
        Guarantees(&[("leader_keeps", "a leader keeps what it has")]),
    ),
    property(22, "A transaction has one decision, and one outcome in all its partitions.", Later("transactions")),
    property(23, "After a newer epoch of a producer nothing of an older one is appended.", Later("transactions")),
    property(24, "Consume, transform, produce: each input takes effect exactly once.", Later("transactions")),
    property(30, "A consumer is handed only what is committed.", Guarantees(&[("reads", "a record once read stays")])),
    property(
        31,
        "Between seeks and resets, a consumer's offsets strictly increase.",
        Guarantees(&[("positions", "a consumer reads forward")]),
    ),
    property(
        32,
        "Classic protocol: in one generation a partition has at most one owner, and none is left out.",
        Guarantees(&[("one_owner", "one owner per partition and generation")]),
    ),
    property(33, "New protocol: no partition is with two members at a time.", Later("the protocol of KIP-848")),
    property(34, "Cooperative: a partition moves only after its owner has let go.", Later("the cooperative protocol")),
    property(
        35,
        "Commit after processing skips nothing; commit before processing repeats nothing.",
        Guarantees(&[("delivery", "commit after processing skips nothing, commit before it repeats nothing")]),
    ),
    property(
        36,
        "A commit of another generation or of a stranger is refused.",
        Guarantees(&[("generations", "a commit of another generation is refused")]),
    ),
    property(37, "Share groups: a record is with at most one member at a time.", Later("share groups (KIP-932)")),
    property(
        38,
        "Compaction keeps the last value of each key, its offset and the order.",
        Guarantees(&[("compaction", "compaction keeps the last record of each key")]),
    ),
    property(
        39,
        "The lag is never negative: a confirmed commit is remembered, and lies within the log.",
        Guarantees(&[("commits", "a confirmed commit is remembered")]),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::check::Checker;

    #[test]
    fn every_guarantee_keeps_a_promise_and_every_promise_names_guarantees_that_exist() {
        let names = Checker::all().names();
        let mut used = Vec::new();
        for property in PROPERTIES {
            if let Guarantees(guarantees) = property.looked_at_by {
                for (_, name) in guarantees {
                    assert!(names.contains(name), "property {}: there is no guarantee {name:?}", property.number);
                    used.push(*name);
                }
            }
        }
        for name in names {
            assert!(used.contains(&name), "no property speaks of the guarantee {name:?}");
        }
    }
}
