//! The guarantees bite: rules that are broken on purpose, and the guarantee that is meant to notice each.
//!
//! The crate's own tests break each rule in turn and play schedules until the guarantee that stands here is the first to
//! fail in one of them. Every guarantee stands here at least once. `docs/fidelity.md` shows this table.

use crate::kafka::mutation::Mutation::{self, *};

macro_rules! noticed {
    ($($test:ident: $rule:ident by $guarantee:literal;)*) => {
        /// Each rule, and the guarantee that notices when it is broken.
        pub const NOTICED: &[(Mutation, &str)] = &[$(($rule, $guarantee),)*];

        #[cfg(test)]
        mod tests {
            use super::*;

            $(
                #[test]
                fn $test() {
                    is_noticed($rule, $guarantee);
                }
            )*
        }
    };
}

noticed! {
    leader_epoch_stays: LeaderEpochStays by "one leader per partition and leader epoch";
    leader_from_outside_isr: LeaderFromOutsideIsr by "the leader is in the ISR";
    fenced_broker_stays: FencedBrokerStays by "no fenced broker is in an ISR";
    everybody_joins_isr: EverybodyJoinsIsr by "the leader's ISR contains the controller's";
    deleted_beyond_high_watermark: DeletedBeyondHighWatermark by "the high watermark lies within the log";
    high_watermark_goes_back: HighWatermarkGoesBack by "the high watermark never goes back on a leader";
    high_watermark_of_leader_alone: HighWatermarkOfLeaderAlone by "what is committed is on every member of the ISR";
    isr_taken_for_granted: IsrTakenForGranted by "what is committed is on every member of the ISR";
    high_watermark_below_min_isr: HighWatermarkBelowMinIsr by "whoever may lead has everything that was committed";
    truncation_to_high_watermark: TruncationToHighWatermark by "whoever may lead has everything that was committed";
    truncation_too_deep: TruncationTooDeep by "what was committed is never cut from a log";
    new_leader_truncates: NewLeaderTruncates by "a leader keeps what it has";
    divergence_untold: DivergenceUntold by "offset and leader epoch name one record";
    follower_stamps_its_epoch: FollowerStampsItsEpoch by "replicas agree below their high watermarks";
    answer_before_replication: AnswerBeforeReplication by "what was acknowledged with acks=all is committed";
    no_doubt: NoDoubt by "what was not written is in no log";
    no_sequence_check: NoSequenceCheck by "sequence numbers of an idempotent producer have no gap and no repeat";
    retries_go_last: RetriesGoLast by "an idempotent producer's records keep their order";
    reads_beyond_high_watermark: ReadsBeyondHighWatermark by "a record once read stays";
    whole_batches: WholeBatches by "a consumer reads forward";
    partitions_kept: PartitionsKept by "one owner per partition and generation";
    anybody_commits: AnybodyCommits by "a commit of another generation is refused";
    offsets_forgotten: OffsetsForgotten by "a confirmed commit is remembered";
    commit_before_the_last: CommitBeforeTheLast by "commit after processing skips nothing, commit before it repeats nothing";
    every_vote_granted: EveryVoteGranted by "one quorum leader per epoch, and one metadata log";
    uncommitted_metadata: UncommittedMetadata by "one quorum leader per epoch, and one metadata log";
    cleaner_keeps_the_first: CleanerKeepsTheFirst by "compaction keeps the last record of each key";
    tombstones_go_at_once: TombstonesGoAtOnce by "compaction keeps the last record of each key";
    follower_gives_up: FollowerGivesUp by "a mended cluster comes to rest";
}

/// Most schedules until it must be noticed.
#[cfg(test)]
const PATIENCE: u64 = 3_000;

/// Breaks a rule and expects that this guarantee notices: in some schedule it is the first to fail.
#[cfg(test)]
fn is_noticed(rule: Mutation, by: &str) {
    use super::Run;
    use crate::kafka::mutation::with_broken;

    let noticed = || {
        (1..=PATIENCE).find_map(|seed| {
            let violation = Run::new(seed).finish().failure?.violation;
            (violation.guarantee == by).then_some((seed, violation.what))
        })
    };
    let (schedules, what) =
        with_broken(rule, noticed).unwrap_or_else(|| panic!("{by:?} does not notice {rule:?} in {PATIENCE} schedules"));
    println!("{rule:?} is noticed after {schedules} schedules: {by}\n  {what}");
}

#[cfg(test)]
mod completeness {
    use super::*;
    use crate::sim::check::Checker;
    use crate::sim::plan::run::COMES_TO_REST;

    #[test]
    fn every_guarantee_bites_and_every_rule_is_broken() {
        let mut names = Checker::all().names();
        names.push(COMES_TO_REST);
        for name in &names {
            assert!(NOTICED.iter().any(|(_, by)| by == name), "no broken rule is noticed by {name:?}");
        }
        for (rule, by) in NOTICED {
            assert!(names.contains(by), "{rule:?}: there is no guarantee {by:?}");
        }
        for rule in Mutation::ALL {
            assert!(NOTICED.iter().any(|(broken, _)| broken == rule), "{rule:?} is never broken");
        }
    }
}
