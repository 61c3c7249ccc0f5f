//! Fetches in a session, in words: what they say of partitions that they do not name.

use super::words;
use crate::kafka::broker::fetch_session::FetchSession;
use crate::kafka::ids::{NodeId, TopicId};
use crate::kafka::protocol::fetch_metadata::FetchMetadata;
use crate::kafka::protocol::{Request, Response};
use crate::sim::{Message, MessageBody, World};

/// The session in which a message asks or answers, as its broker remembers it.
fn session<'a>(world: &'a World, message: &Message) -> Option<&'a FetchSession> {
    let (broker, session_id) = match (&message.body, message.from, message.to) {
        (MessageBody::Request(Request::Fetch(fetch)), _, NodeId::Broker(broker)) => (broker, fetch.session.session_id),
        (MessageBody::Response(Response::Fetch(fetch)), NodeId::Broker(broker), _) => (broker, fetch.session_id),
        _ => return None,
    };
    world.broker(broker)?.replicas().fetch_sessions().get(session_id)
}

/// What a message says that names nothing of the session it belongs to, if that holds more than Kafka's own topics.
pub fn speaks_for_all(world: &World, message: &Message, is_internal: &dyn Fn(TopicId) -> bool) -> Option<&'static str> {
    let words = match &message.body {
        MessageBody::Request(Request::Fetch(fetch)) => {
            let names_none = fetch.partitions.iter().all(|asked| is_internal(asked.topic_id));
            (names_none && !fetch.session.is_full()).then_some("news?")
        }
        MessageBody::Response(Response::Fetch(fetch)) => {
            let has_session = fetch.session_id != FetchMetadata::INVALID_SESSION_ID;
            (has_session && fetch.error.is_none() && fetch.partitions.is_empty()).then_some("no news")
        }
        _ => None,
    }?;
    let of_topics = session(world, message)?.partitions().iter().any(|cached| !is_internal(cached.asked.topic_id));
    of_topics.then_some(words)
}

/// Names and values for the inspector.
pub fn facts(world: &World, message: &Message) -> Vec<(&'static str, String)> {
    let count = |count: usize| words::count(count as u64, "partition", "partitions");
    let all = session(world, message).map(|session| session.partitions().len());
    let all_of_session = || all.map_or("its session".into(), |all| format!("its session of {}", count(all)));
    match &message.body {
        MessageBody::Request(Request::Fetch(fetch)) => {
            let FetchMetadata { session_id, epoch } = fetch.session;
            let named = fetch.partitions.len();
            let mut asks = match (epoch, named) {
                (FetchMetadata::FINAL_EPOCH, 0) => "nothing: it ends its session".into(),
                (FetchMetadata::FINAL_EPOCH, _) => format!("{}, and for no session", count(named)),
                (FetchMetadata::INITIAL_EPOCH, _) => format!("{}, and for a session", count(named)),
                (_, 0) => format!("what is new in {}", all_of_session()),
                _ => format!("what is new in {}; asks differently than before for {}", all_of_session(), count(named)),
            };
            if !fetch.forgotten.is_empty() {
                asks.push_str(&format!("; no longer for {}", count(fetch.forgotten.len())));
            }
            vec![("session_id", session_id.to_string()), ("session_epoch", epoch.to_string()), ("asks for", asks)]
        }
        MessageBody::Response(Response::Fetch(fetch)) => {
            let told = fetch.partitions.len();
            let tells = match (fetch.session_id, told) {
                _ if !fetch.error.is_none() => "nothing: the session is not as the request has it".into(),
                (FetchMetadata::INVALID_SESSION_ID, _) => format!("{}, without a session", count(told)),
                (_, 0) => format!("nothing new in {}", all_of_session()),
                _ => match all {
                    Some(all) => format!("{told} of the {} of the session", count(all)),
                    None => count(told),
                },
            };
            vec![("session_id", fetch.session_id.to_string()), ("tells of", tells)]
        }
        _ => Vec::new(),
    }
}
