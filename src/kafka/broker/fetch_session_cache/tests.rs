//! What a broker remembers of sessions, without logs: answers are made up.

use super::*;
use crate::kafka::ids::{BrokerId, TopicId};
use crate::kafka::protocol::fetch::{DivergingEpoch, FetchPartition, IsolationLevel};
use crate::kafka::record::{ProducerSequence, RecordBatch, RecordBatchBuilder};

fn asked((partition, fetch_offset): (i32, i64)) -> FetchPartition {
    FetchPartition {
        topic_id: TopicId(7),
        partition,
        current_leader_epoch: None,
        fetch_offset,
        last_fetched_epoch: None,
        log_start_offset: -1,
        partition_max_bytes: 1_024,
    }
}

fn batch() -> RecordBatch {
    let mut builder = RecordBatchBuilder::new(1_024);
    builder.append(0, None, Some(b"a"), &[]);
    builder.finish(ProducerSequence::NONE)
}

/// An answer with a high watermark of 5 and a log start of 1.
fn told(partition: i32) -> FetchPartitionResponse {
    FetchPartitionResponse {
        topic_id: TopicId(7),
        partition,
        error: ErrorCode::None,
        high_watermark: 5,
        last_stable_offset: 5,
        log_start_offset: 1,
        diverging_epoch: None,
        current_leader: None,
        preferred_read_replica: None,
        aborted_transactions: Vec::new(),
        batches: Vec::new(),
    }
}

fn request(session_id: i32, epoch: i32, named: &[(i32, i64)], forgotten: &[i32]) -> FetchRequest {
    FetchRequest {
        fetcher: Fetcher::Consumer,
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 1_024,
        isolation: IsolationLevel::ReadUncommitted,
        rack_id: String::new(),
        partitions: named.iter().copied().map(asked).collect(),
        session: FetchMetadata { session_id, epoch },
        forgotten: forgotten.iter().map(|partition| asked((*partition, 0)).id()).collect(),
    }
}

fn follower(request: FetchRequest) -> FetchRequest {
    FetchRequest { fetcher: Fetcher::Follower { replica: BrokerId(1), broker_epoch: None }, ..request }
}

fn cache(slots: u32) -> FetchSessionCache {
    FetchSessionCache::new(slots, Random::stream(1, 1))
}

/// Takes a request and answers it for those partitions that `tell` speaks of; returns error, session and partitions.
fn exchange(
    cache: &mut FetchSessionCache,
    mut fetch: FetchRequest,
    at_ms: u64,
    tell: impl Fn(i32) -> Option<FetchPartitionResponse>,
) -> (ErrorCode, i32, Vec<i32>) {
    let now = SimTime::from_ms(at_ms);
    let context = match cache.new_context(&mut fetch, now) {
        Ok(context) => context,
        Err(error) => return (error, 0, Vec::new()),
    };
    let asked: Vec<i32> = match &context {
        FetchContext::Incremental(incremental) => {
            incremental.partitions.iter().map(|one| one.asked.partition).collect()
        }
        _ => fetch.partitions.iter().map(|one| one.partition).collect(),
    };
    let answers = asked.into_iter().enumerate().filter_map(|(place, partition)| Some((place, tell(partition)?)));
    let response = cache.answer(&fetch, context, answers.collect(), now);
    (response.error, response.session_id, response.partitions.iter().map(|answer| answer.partition).collect())
}

fn open(cache: &mut FetchSessionCache, named: &[(i32, i64)]) -> i32 {
    let (error, id, partitions) = exchange(cache, request(0, 0, named, &[]), 0, |partition| Some(told(partition)));
    assert_eq!((error, partitions.len()), (ErrorCode::None, named.len()));
    id
}

fn order(cache: &FetchSessionCache, id: i32) -> Vec<(i32, i64)> {
    let session = cache.get(id).expect("there is such a session");
    session.partitions().iter().map(|one| (one.asked.partition, one.asked.fetch_offset)).collect()
}

#[test]
fn a_partition_stands_in_an_answer_if_it_has_something_to_tell() {
    let same = told(0);
    let replica = Some(BrokerId(2));
    let diverging_epoch = Some(DivergingEpoch { epoch: crate::kafka::ids::LeaderEpoch(1), end_offset: 3 });
    let cases = [
        ("nothing new", same.clone(), false),
        ("records", FetchPartitionResponse { batches: vec![batch()], ..same.clone() }, true),
        ("the high watermark has moved", FetchPartitionResponse { high_watermark: 6, ..same.clone() }, true),
        ("the log start has moved", FetchPartitionResponse { log_start_offset: 2, ..same.clone() }, true),
        ("another replica", FetchPartitionResponse { preferred_read_replica: replica, ..same.clone() }, true),
        ("an error", FetchPartitionResponse { error: ErrorCode::OffsetOutOfRange, ..same.clone() }, true),
        ("the logs part", FetchPartitionResponse { diverging_epoch, ..same.clone() }, true),
    ];
    for (what, answer, must_respond) in cases {
        let mut cached = CachedPartition::new(asked((0, 0)));
        assert!(cached.must_respond(&same), "nothing was told before");
        cached.told(&same);
        assert_eq!(cached.must_respond(&answer), must_respond, "{what}");
        cached.told(&answer);
        let is_told_again = !answer.error.is_none() || answer.diverging_epoch.is_some();
        assert_eq!(
            cached.must_respond(&same),
            is_told_again || answer.high_watermark != 5 || answer.log_start_offset != 1
        );
    }
}

#[test]
fn a_session_remembers_what_is_named_and_what_is_forgotten() {
    let mut cache = cache(1_000);
    let id = open(&mut cache, &[(2, 0), (0, 0), (1, 0)]);
    let quiet = |_| None;
    assert_eq!(exchange(&mut cache, request(id, 1, &[], &[]), 1, quiet), (ErrorCode::None, id, vec![]));
    assert_eq!(order(&cache, id), [(2, 0), (0, 0), (1, 0)]);
    exchange(&mut cache, request(id, 2, &[(9, 4), (0, 3)], &[1]), 1, quiet);
    assert_eq!(order(&cache, id), [(2, 0), (0, 3), (9, 4)]);
    let forgets_all = exchange(&mut cache, request(id, 3, &[], &[2, 0, 9, 77]), 1, quiet);
    assert_eq!(forgets_all, (ErrorCode::None, 0, vec![]), "a session of nothing ends");
    assert!(cache.get(id).is_none());
}

#[test]
fn partitions_that_brought_records_go_to_the_end() {
    let mut cache = cache(1_000);
    let id = open(&mut cache, &[(0, 0), (1, 0), (2, 0), (3, 0)]);
    let with_records = |partition| FetchPartitionResponse { batches: vec![batch()], ..told(partition) };
    let tell = |partition| match partition {
        0 | 2 => Some(with_records(partition)),
        1 => Some(told(1)),
        _ => None,
    };
    assert_eq!(exchange(&mut cache, request(id, 1, &[], &[]), 1, tell), (ErrorCode::None, id, vec![0, 1, 2]));
    assert_eq!(order(&cache, id).iter().map(|(partition, _)| *partition).collect::<Vec<_>>(), [1, 3, 0, 2]);
}

#[test]
fn a_session_is_refused_by_id_and_by_epoch() {
    let mut cache = cache(1_000);
    let id = open(&mut cache, &[(0, 0)]);
    let cases = [
        ((id + 1, 1), ErrorCode::FetchSessionIdNotFound),
        ((-5, 1), ErrorCode::FetchSessionIdNotFound),
        ((0, 1), ErrorCode::FetchSessionIdNotFound),
        ((id, 2), ErrorCode::InvalidFetchSessionEpoch),
        ((id, 1), ErrorCode::None),
        ((id, 1), ErrorCode::InvalidFetchSessionEpoch),
        ((id, 2), ErrorCode::None),
    ];
    for ((id, epoch), error) in cases {
        assert_eq!(exchange(&mut cache, request(id, epoch, &[], &[]), 1, |_| None).0, error, "{id} {epoch}");
    }
    cache.forget();
    let after_a_restart = exchange(&mut cache, request(id, 3, &[], &[]), 1, |_| None);
    assert_eq!(after_a_restart, (ErrorCode::FetchSessionIdNotFound, 0, vec![]));
}

#[test]
fn a_full_request_ends_the_session_it_names() {
    for (epoch, makes_another) in [(0, true), (-1, false)] {
        let mut cache = cache(1_000);
        let id = open(&mut cache, &[(0, 0), (1, 0)]);
        let full = exchange(&mut cache, request(id, epoch, &[(0, 0)], &[]), 1, |partition| Some(told(partition)));
        assert!(cache.get(id).is_none());
        assert_eq!((full.1 != 0, full.2), (makes_another, vec![0]), "epoch {epoch}");
        assert_eq!(cache.iter().count(), usize::from(makes_another));
    }
}

#[test]
fn a_request_that_another_one_has_overtaken_is_refused_with_its_session() {
    let mut cache = cache(1_000);
    let id = open(&mut cache, &[(0, 0)]);
    let mut first = request(id, 1, &[], &[]);
    let context = cache.new_context(&mut first, SimTime::ZERO).expect("its turn");
    assert_eq!(exchange(&mut cache, request(id, 2, &[], &[]), 1, |_| None).0, ErrorCode::None);
    let response = cache.answer(&first, context, vec![(0, told(0))], SimTime::ZERO);
    assert_eq!((response.error, response.session_id), (ErrorCode::InvalidFetchSessionEpoch, id));
    assert!(response.partitions.is_empty());
}

/// Eight parts with a slot each; a full part makes room by rules.
#[test]
fn sessions_without_room_are_evicted_or_not_made() {
    const LATE_MS: u64 = 121_000;
    // The session in the way: whose it is, how many partitions it has, when it was used last. Then the new one: whose,
    // of how many partitions, when; and whether it takes the place.
    let cases = [
        ((false, 2, 0), (false, 3, 1_000), false, "young, and of a consumer as well"),
        ((false, 2, 0), (true, 1, 1_000), true, "a follower goes before a consumer"),
        ((true, 1, 0), (true, 3, 1_000), false, "young, and of a follower"),
        ((true, 1, 0), (false, 3, LATE_MS), true, "not used for two minutes"),
        ((false, 2, LATE_MS), (false, 3, LATE_MS + 1_000), true, "old, and the new one is larger"),
        ((false, 2, LATE_MS), (false, 1, LATE_MS + 1_000), false, "old, but the new one is smaller"),
        ((true, 1, LATE_MS), (false, 3, LATE_MS + 1_000), false, "a consumer does not go before a follower"),
        ((true, 1, LATE_MS), (true, 3, LATE_MS + 1_000), true, "old, and the new one is larger"),
    ];
    for ((in_the_way, size, used_at), (new, new_size, at), takes_place, why) in cases {
        let mut cache = cache(8);
        let of = |is_follower, request| if is_follower { follower(request) } else { request };
        let named = |count: i32| (0..count).map(|partition| (partition, 0)).collect::<Vec<_>>();
        let tell = |partition| Some(told(partition));
        let mut first = 0;
        for _ in 0..8 {
            let (_, id, _) = exchange(&mut cache, of(in_the_way, request(0, 0, &named(size), &[])), 0, tell);
            assert_ne!(id, 0);
            first = if first == 0 { id } else { first };
            if used_at > 0 {
                exchange(&mut cache, of(in_the_way, request(id, 1, &[], &[])), used_at, |_| None);
            }
        }
        let (error, id, partitions) = exchange(&mut cache, of(new, request(0, 0, &named(new_size), &[])), at, tell);
        assert_eq!((error, partitions.len()), (ErrorCode::None, new_size as usize), "it is answered anyhow");
        assert_eq!((id != 0, cache.get(first).is_none()), (takes_place, takes_place), "{why}");
    }
}

#[test]
fn fewer_slots_than_parts_are_no_slots() {
    let mut cache = cache(7);
    assert_eq!(open(&mut cache, &[(0, 0)]), 0);
}

#[test]
fn ids_are_positive_and_dealt_out_among_the_parts() {
    let mut cache = cache(1_000);
    let parts: Vec<i32> = (0..16).map(|_| open(&mut cache, &[(0, 0)]) / IDS_OF_SHARD).collect();
    assert_eq!(parts, (0..8).chain(0..8).collect::<Vec<i32>>());
    assert!(cache.iter().all(|(id, _)| id > 0));
}

#[test]
fn after_the_largest_epoch_a_session_goes_on_with_one() {
    let mut cache = cache(1_000);
    let id = open(&mut cache, &[(0, 0)]);
    if let Some(session) = cache.sessions.get_mut(&id) {
        session.epoch = i32::MAX;
    }
    for epoch in [i32::MAX, 1, 2] {
        assert_eq!(exchange(&mut cache, request(id, epoch, &[], &[]), 1, |_| None).0, ErrorCode::None);
    }
}
