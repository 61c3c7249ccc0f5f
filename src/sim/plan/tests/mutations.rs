//! The guarantees bite: each rule that is broken on purpose is noticed within a few schedules, by the guarantee that is
//! meant to notice it.

use super::super::{Failure, Run};
use crate::kafka::mutation::Mutation::{self, *};
use crate::kafka::mutation::with_broken;
use crate::sim::check::Checker;

/// Most schedules until it must be noticed.
const PATIENCE: u64 = 3_000;

/// The first failure in a world in which that rule is broken.
fn first_failure(rule: Mutation) -> Option<(u64, Failure)> {
    with_broken(rule, || (0..PATIENCE).find_map(|number| Some((number + 1, Run::new(1 + number).finish().failure?))))
}

/// Breaks a rule and expects that one of these guarantees notices first; each is named by a part of its sentence.
fn is_noticed(rule: Mutation, by: &[&str]) {
    let (schedules, failure) =
        first_failure(rule).unwrap_or_else(|| panic!("nobody notices {rule:?} in {PATIENCE} schedules"));
    let guarantee = failure.violation.guarantee;
    println!("{rule:?} is noticed after {schedules} schedules: {guarantee}\n  {}", failure.violation.what);
    assert!(by.iter().any(|part| guarantee.contains(part)), "{rule:?} is noticed by {guarantee:?}, not by {by:?}");
    let names = Checker::all().names();
    assert!(names.contains(&guarantee) || guarantee == super::super::run::COMES_TO_REST, "{guarantee} is in no list");
}

macro_rules! noticed {
    ($($test:ident: $rule:ident by $($part:literal),+;)*) => {$(
        #[test]
        fn $test() {
            is_noticed($rule, &[$($part),+]);
        }
    )*};
}

noticed! {
    high_watermark_of_leader_alone: HighWatermarkOfLeaderAlone by "on every member of the ISR";
    high_watermark_below_min_isr: HighWatermarkBelowMinIsr by "has everything that was committed";
    high_watermark_goes_back: HighWatermarkGoesBack by "never goes back on a leader";
    isr_taken_for_granted: IsrTakenForGranted by "on every member of the ISR", "contains the controller's";
    leader_from_outside_isr: LeaderFromOutsideIsr by "the leader is in the ISR";
    leader_epoch_stays: LeaderEpochStays by "one leader per partition";
    fenced_broker_stays: FencedBrokerStays by "the leader is in the ISR";
    everybody_joins_isr: EverybodyJoinsIsr by "contains the controller's";
    no_sequence_check: NoSequenceCheck by "sequence numbers";
    divergence_untold: DivergenceUntold by "name one record", "replicas agree";
    truncation_to_high_watermark: TruncationToHighWatermark by "has everything that was committed", "never cut";
    answer_before_replication: AnswerBeforeReplication by "acknowledged with acks=all";
    no_doubt: NoDoubt by "not written";
    reads_beyond_high_watermark: ReadsBeyondHighWatermark by "once read stays";
    whole_batches: WholeBatches by "reads forward";
    anybody_commits: AnybodyCommits by "another generation";
    partitions_kept: PartitionsKept by "one owner";
    offsets_forgotten: OffsetsForgotten by "is remembered";
    commit_before_the_last: CommitBeforeTheLast by "skips nothing";
    every_vote_granted: EveryVoteGranted by "one quorum leader";
    uncommitted_metadata: UncommittedMetadata by "one metadata log";
    follower_gives_up: FollowerGivesUp by "comes to rest";
}
