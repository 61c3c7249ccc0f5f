//! What a Fetch says of its session (KIP-227, `FetchMetadata`).

/// A session's id and the number of the request within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchMetadata {
    pub session_id: i32,
    pub epoch: i32,
}

impl FetchMetadata {
    /// No session.
    pub const INVALID_SESSION_ID: i32 = 0;
    /// Everything is named, and a session is wanted.
    pub const INITIAL_EPOCH: i32 = 0;
    /// Everything is named, and no session is wanted.
    pub const FINAL_EPOCH: i32 = -1;

    /// The first request of whoever wants a session.
    pub const INITIAL: FetchMetadata =
        FetchMetadata { session_id: FetchMetadata::INVALID_SESSION_ID, epoch: FetchMetadata::INITIAL_EPOCH };
    /// Of requests that know nothing of sessions.
    pub const LEGACY: FetchMetadata =
        FetchMetadata { session_id: FetchMetadata::INVALID_SESSION_ID, epoch: FetchMetadata::FINAL_EPOCH };

    /// Whether all partitions are named: the session, if one is given, ends.
    pub fn is_full(self) -> bool {
        matches!(self.epoch, FetchMetadata::INITIAL_EPOCH | FetchMetadata::FINAL_EPOCH)
    }

    /// After the largest number comes 1: 0 would begin a new session.
    pub fn next_epoch(epoch: i32) -> i32 {
        match epoch {
            ..0 => FetchMetadata::FINAL_EPOCH,
            i32::MAX => 1,
            _ => epoch + 1,
        }
    }

    /// The first request in a session that the broker has made.
    pub fn new_incremental(session_id: i32) -> FetchMetadata {
        FetchMetadata { session_id, epoch: FetchMetadata::next_epoch(FetchMetadata::INITIAL_EPOCH) }
    }

    pub fn next_incremental(self) -> FetchMetadata {
        FetchMetadata { epoch: FetchMetadata::next_epoch(self.epoch), ..self }
    }

    /// The session is to end, and a new one to begin if that is possible.
    pub fn next_close_existing_attempt_new(self) -> FetchMetadata {
        FetchMetadata { epoch: FetchMetadata::INITIAL_EPOCH, ..self }
    }

    /// The session is to end.
    pub fn next_close_existing(self) -> FetchMetadata {
        FetchMetadata { epoch: FetchMetadata::FINAL_EPOCH, ..self }
    }
}

impl Default for FetchMetadata {
    fn default() -> FetchMetadata {
        FetchMetadata::LEGACY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_go_on_from_one_and_the_final_one_stays() {
        for (epoch, next) in [(-1, -1), (-7, -1), (0, 1), (1, 2), (i32::MAX - 1, i32::MAX), (i32::MAX, 1)] {
            assert_eq!(FetchMetadata::next_epoch(epoch), next, "after {epoch}");
        }
    }

    #[test]
    fn a_request_is_full_before_and_after_a_session() {
        let session = FetchMetadata::new_incremental(5);
        assert!(FetchMetadata::INITIAL.is_full() && FetchMetadata::LEGACY.is_full());
        assert!(!session.is_full() && !session.next_incremental().is_full());
        assert_eq!(session.next_close_existing_attempt_new(), FetchMetadata { session_id: 5, epoch: 0 });
        assert_eq!(session.next_close_existing(), FetchMetadata { session_id: 5, epoch: -1 });
    }
}
