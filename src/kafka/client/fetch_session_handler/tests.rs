//! What is named in a row of requests, by the answers between them.

use super::*;
use crate::kafka::ids::TopicId;
use crate::kafka::protocol::fetch::FetchPartitionResponse;

const SESSION: i32 = 42;

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

fn answer(error: ErrorCode, session_id: i32, partitions: &[i32]) -> FetchResponse {
    let told = |partition: &i32| FetchPartitionResponse {
        topic_id: TopicId(7),
        partition: *partition,
        error: ErrorCode::None,
        high_watermark: 0,
        last_stable_offset: 0,
        log_start_offset: 0,
        diverging_epoch: None,
        current_leader: None,
        preferred_read_replica: None,
        aborted_transactions: Vec::new(),
        batches: Vec::new(),
    };
    FetchResponse { error, session_id, partitions: partitions.iter().map(told).collect() }
}

/// Partitions, each with the offset to fetch from.
type Wanted<'a> = &'a [(i32, i64)];

/// What a request must say: metadata, partitions with offsets, partitions that are forgotten.
type Said<'a> = (i32, i32, Wanted<'a>, &'a [i32]);

fn ask(handler: &mut FetchSessionHandler, wanted: &[(i32, i64)], said: Said<'_>) {
    let mut builder = handler.builder();
    wanted.iter().copied().map(asked).for_each(|one| builder.add(one));
    let data = builder.build();
    let to_send: Vec<(i32, i64)> = data.to_send.iter().map(|one| (one.partition, one.fetch_offset)).collect();
    let to_forget: Vec<i32> = data.to_forget.iter().map(|id| id.partition).collect();
    let FetchMetadata { session_id, epoch } = data.metadata;
    assert_eq!((session_id, epoch, to_send.as_slice(), to_forget.as_slice()), said, "asked for {wanted:?}");
    let mut known: Vec<FetchPartition> = wanted.iter().copied().map(asked).collect();
    known.sort_by_key(FetchPartition::id);
    assert_eq!(handler.partitions(), known, "the session holds what is wanted, as it was asked");
}

/// A handler with partitions 0, 1 and 2 in a session, from offset 0.
fn in_session() -> FetchSessionHandler {
    let mut handler = FetchSessionHandler::default();
    ask(&mut handler, &[(2, 0), (0, 0), (1, 0)], (0, 0, &[(2, 0), (0, 0), (1, 0)], &[]));
    assert!(handler.handle_response(&answer(ErrorCode::None, SESSION, &[2, 0, 1])));
    handler
}

#[test]
fn a_request_in_a_session_names_what_has_changed() {
    let cases: [(Wanted<'_>, Wanted<'_>, &[i32]); 6] = [
        (&[(0, 0), (1, 0), (2, 0)], &[], &[]),
        (&[(2, 0), (1, 5), (0, 0)], &[(1, 5)], &[]),
        (&[(0, 0), (1, 0), (2, 0), (3, 9)], &[(3, 9)], &[]),
        (&[(0, 0), (2, 0)], &[], &[1]),
        (&[(4, 0), (1, 1)], &[(4, 0), (1, 1)], &[0, 2]),
        (&[], &[], &[0, 1, 2]),
    ];
    for (wanted, named, forgotten) in cases {
        ask(&mut in_session(), wanted, (SESSION, 1, named, forgotten));
    }
}

#[test]
fn each_answer_decides_what_the_next_request_says_of_the_session() {
    use ErrorCode::{FetchSessionIdNotFound, InvalidFetchSessionEpoch, None, Unknown};
    let all: &[(i32, i64)] = &[(0, 0), (1, 0), (2, 0)];
    let cases: [(FetchResponse, bool, (i32, i32), bool); 8] = [
        (answer(None, SESSION, &[]), true, (SESSION, 2), false),
        (answer(None, SESSION, &[1]), true, (SESSION, 2), false),
        // The broker has closed it.
        (answer(None, 0, &[]), true, (0, 0), true),
        (answer(FetchSessionIdNotFound, 0, &[]), false, (0, 0), true),
        (answer(InvalidFetchSessionEpoch, 0, &[]), false, (SESSION, 0), true),
        (answer(InvalidFetchSessionEpoch, SESSION, &[]), false, (SESSION, 0), true),
        (answer(Unknown, 0, &[]), false, (SESSION, 0), true),
        // A partition that nobody asked for.
        (answer(None, SESSION, &[8]), false, (SESSION, 0), true),
    ];
    for (response, counts, (session_id, epoch), is_full) in cases {
        let mut handler = in_session();
        ask(&mut handler, all, (SESSION, 1, &[], &[]));
        assert_eq!(handler.handle_response(&response), counts, "{response:?}");
        ask(&mut handler, all, (session_id, epoch, if is_full { all } else { &[] }, &[]));
    }
}

#[test]
fn a_full_answer_must_be_complete_and_may_make_no_session() {
    let all: &[(i32, i64)] = &[(0, 0), (1, 0)];
    let cases: [(FetchResponse, bool, (i32, i32)); 4] = [
        (answer(ErrorCode::None, SESSION, &[1, 0]), true, (SESSION, 1)),
        (answer(ErrorCode::None, 0, &[0, 1]), true, (0, 0)),
        (answer(ErrorCode::None, SESSION, &[0]), false, (0, 0)),
        (answer(ErrorCode::None, SESSION, &[0, 1, 2]), false, (0, 0)),
    ];
    for (response, counts, (session_id, epoch)) in cases {
        let mut handler = FetchSessionHandler::default();
        ask(&mut handler, all, (0, 0, all, &[]));
        assert_eq!(handler.handle_response(&response), counts, "{response:?}");
        ask(&mut handler, all, (session_id, epoch, if epoch == 0 { all } else { &[] }, &[]));
    }
}

#[test]
fn a_lost_request_and_a_close_end_the_session_with_the_next_one() {
    let mut handler = in_session();
    ask(&mut handler, &[(0, 0)], (SESSION, 1, &[], &[1, 2]));
    handler.handle_error();
    ask(&mut handler, &[(0, 0), (1, 0)], (SESSION, 0, &[(0, 0), (1, 0)], &[]));
    assert!(handler.handle_response(&answer(ErrorCode::None, 43, &[0, 1])));
    ask(&mut handler, &[(0, 3), (1, 0)], (43, 1, &[(0, 3)], &[]));
    handler.notify_close();
    ask(&mut handler, &[], (43, -1, &[], &[]));
}

#[test]
fn a_session_of_more_partitions_than_a_word_has_bits_forgets_the_right_ones() {
    let all: Vec<(i32, i64)> = (0..200).map(|partition| (partition, 0)).collect();
    let mut handler = FetchSessionHandler::default();
    ask(&mut handler, &all, (0, 0, &all, &[]));
    assert!(handler.handle_response(&answer(ErrorCode::None, SESSION, &(0..200).collect::<Vec<i32>>())));
    let without: Vec<(i32, i64)> =
        all.iter().copied().filter(|(partition, _)| ![0, 64, 199].contains(partition)).collect();
    ask(&mut handler, &without, (SESSION, 1, &[], &[0, 64, 199]));
}
