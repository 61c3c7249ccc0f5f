//! Rules that can be broken on purpose, to see that the guarantees notice (`sim/plan/noticed.rs`).
//!
//! Only this crate's own tests can break one. Everywhere else [`breaks`] is the constant `false`, and the compiler leaves
//! nothing of it behind.

/// Makes the enum, and hands out each rule's sentence.
macro_rules! mutations {
    ($(#[doc = $sentence:literal] $rule:ident,)*) => {
        /// A rule that is not kept.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutation {
            $(#[doc = $sentence] $rule,)*
        }

        impl Mutation {
            /// All of them.
            pub const ALL: &[Mutation] = &[$(Mutation::$rule,)*];

            /// What is done instead.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Mutation::$rule => $sentence.trim_ascii(),)*
                }
            }
        }
    };
}

mutations! {
    /// The high watermark follows the leader's own log end.
    HighWatermarkOfLeaderAlone,
    /// The high watermark moves on below `min.insync.replicas` (as it did before KIP-966).
    HighWatermarkBelowMinIsr,
    /// A leader's high watermark goes back when a replica is behind it.
    HighWatermarkGoesBack,
    /// Records are deleted that are not committed.
    DeletedBeyondHighWatermark,
    /// A leader takes the ISR that it asks for as confirmed.
    IsrTakenForGranted,
    /// Whoever is alive may be elected, in sync or not.
    LeaderFromOutsideIsr,
    /// A new leader does not raise the leader epoch.
    LeaderEpochStays,
    /// A fenced broker stays in the ISR and leads on.
    FencedBrokerStays,
    /// The controller adds every active replica to an ISR that it is asked to change.
    EverybodyJoinsIsr,
    /// Sequence numbers are not looked at.
    NoSequenceCheck,
    /// A batch that is sent again goes to the end of the queue, as a new one.
    RetriesGoLast,
    /// A follower is not told where its log parts from the leader's.
    DivergenceUntold,
    /// A follower cuts its log to its high watermark when the leader changes (as it did before KIP-101).
    TruncationToHighWatermark,
    /// A follower cuts one batch more than where its log parts from the leader's.
    TruncationTooDeep,
    /// A new leader cuts its log to its high watermark.
    NewLeaderTruncates,
    /// A follower gives the batches that it copies its own leader epoch.
    FollowerStampsItsEpoch,
    /// acks=all is answered before anybody has copied the records.
    AnswerBeforeReplication,
    /// A refusal counts as "not written", whatever it was.
    NoDoubt,
    /// Consumers are handed what is not committed.
    ReadsBeyondHighWatermark,
    /// A fetch that begins inside a batch hands over the whole batch.
    WholeBatches,
    /// A commit is taken from anybody, of any generation.
    AnybodyCommits,
    /// A member keeps what it had when it is assigned anew.
    PartitionsKept,
    /// A new coordinator does not read the offsets that the former one stored.
    OffsetsForgotten,
    /// An application commits its position while records before it are still being worked on.
    CommitBeforeTheLast,
    /// A voter votes for everyone who asks.
    EveryVoteGranted,
    /// A broker acts on metadata that is not committed.
    UncommittedMetadata,
    /// The cleaner keeps the first record of each key.
    CleanerKeepsTheFirst,
    /// The cleaner takes tombstones away with the records that they delete.
    TombstonesGoAtOnce,
    /// A follower whose fetch has failed does not try again.
    FollowerGivesUp,
}

#[cfg(test)]
thread_local! {
    static BROKEN: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Whether this rule is broken at present.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn breaks(_rule: Mutation) -> bool {
    false
}

/// Whether this rule is broken at present.
#[cfg(test)]
pub(crate) fn breaks(rule: Mutation) -> bool {
    BROKEN.get() == Some(rule)
}

/// Does something in a world in which a rule is broken; on this thread alone.
#[cfg(test)]
pub(crate) fn with_broken<R>(rule: Mutation, act: impl FnOnce() -> R) -> R {
    struct Mend;
    impl Drop for Mend {
        fn drop(&mut self) {
            BROKEN.set(None);
        }
    }
    let _mend = Mend;
    BROKEN.set(Some(rule));
    act()
}
