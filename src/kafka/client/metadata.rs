//! What a client knows of the cluster: which brokers there are, and who leads which partition
//! (org.apache.kafka.clients.Metadata, and the metadata part of NetworkClient).
//!
//! The cache sends nothing itself: [`ClientMetadata::next_request`] says whom to ask what as soon as a question is
//! due, and the client hands back what came of it.

use std::rc::Rc;

use super::backoff::ExponentialBackoff;
use crate::kafka::ids::{BrokerId, LeaderEpoch, SimTime, TopicId, TopicName, TopicPartition};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::metadata::{MetadataRequest, MetadataResponse, MetadataTopic, TopicsAsked};
use crate::kafka::protocol::produce::CurrentLeader;
use crate::kafka::random::Random;
use crate::kafka::sorted::{SortedMap, SortedSet};

/// Who leads a partition, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnownLeader {
    /// None: the partition has no leader at present.
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
}

/// What a client knows of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KnownTopic {
    pub topic_id: TopicId,
    /// By partition number, from 0.
    pub partitions: Vec<KnownLeader>,
}

/// How a client asks for metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetadataSettings {
    /// `metadata.max.age.ms`.
    pub max_age_ms: u32,
    /// `retry.backoff.ms` and `retry.backoff.max.ms`.
    pub backoff: ExponentialBackoff,
    /// Whether asking may create a topic: always for producers, `allow.auto.create.topics` for consumers.
    pub allow_auto_topic_creation: bool,
}

/// A question that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    broker: BrokerId,
    correlation: u32,
    at: SimTime,
    /// It was only about topics that were new.
    partial: bool,
}

/// A client's cache of metadata.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientMetadata {
    settings: MetadataSettings,
    bootstrap: Rc<[BrokerId]>,
    /// Brokers that are alive as of the last answer; the bootstrap servers before the first.
    brokers: Vec<BrokerId>,
    topics: SortedMap<TopicName, Rc<KnownTopic>>,
    /// What the last answer said of topics that it could not describe.
    errors: SortedMap<TopicName, ErrorCode>,
    /// The topics that the client is interested in.
    wanted: SortedSet<TopicName>,
    /// Those that no answer has spoken of so far.
    new_topics: SortedSet<TopicName>,
    /// Whether all topics that are wanted must be asked for again.
    update_needed: bool,
    asked: Option<Asked>,
    /// Questions in a row that failed.
    failures: u32,
    /// Answers in a row that changed nothing.
    equivalent_responses: u32,
    /// Not before this time is the next question sent (backoff).
    not_before: SimTime,
    last_update: Option<SimTime>,
    version: u64,
}

impl ClientMetadata {
    pub fn new(bootstrap: Rc<[BrokerId]>, settings: MetadataSettings) -> ClientMetadata {
        ClientMetadata {
            settings,
            brokers: bootstrap.to_vec(),
            bootstrap,
            topics: SortedMap::new(),
            errors: SortedMap::new(),
            wanted: SortedSet::new(),
            new_topics: SortedSet::new(),
            update_needed: true,
            asked: None,
            failures: 0,
            equivalent_responses: 0,
            not_before: SimTime::ZERO,
            last_update: None,
            version: 0,
        }
    }

    // ---- what is known

    /// Brokers that are alive, or the bootstrap servers before anything is known.
    pub fn brokers(&self) -> &[BrokerId] {
        &self.brokers
    }

    /// Whether any answer has come so far.
    pub fn is_known(&self) -> bool {
        self.last_update.is_some()
    }

    /// Grows with each answer.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// When the last answer came.
    pub fn last_update(&self) -> Option<SimTime> {
        self.last_update
    }

    /// The topic, if it is known.
    pub fn topic(&self, topic: &str) -> Option<&KnownTopic> {
        self.topics.get(topic).map(Rc::as_ref)
    }

    /// The topic, if it is known, to be held on to.
    pub fn shared_topic(&self, topic: &str) -> Option<Rc<KnownTopic>> {
        self.topics.get(topic).cloned()
    }

    /// The topics that are known, by name.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, &KnownTopic)> {
        self.topics.iter().map(|(name, topic)| (name, topic.as_ref()))
    }

    /// Partitions of a topic, with a leader or not; None: the topic is unknown.
    pub fn partition_count(&self, topic: &str) -> Option<i32> {
        self.topics.get(topic).map(|topic| topic.partitions.len() as i32)
    }

    /// Id of a topic; None: the topic is unknown.
    pub fn topic_id(&self, topic: &str) -> Option<TopicId> {
        self.topics.get(topic).map(|topic| topic.topic_id)
    }

    /// Name of a topic; None: the id is unknown.
    pub fn topic_name(&self, topic_id: TopicId) -> Option<&TopicName> {
        self.topics.iter().find(|(_, topic)| topic.topic_id == topic_id).map(|(name, _)| name)
    }

    /// Who leads a partition; None: the partition is unknown.
    pub fn known_leader(&self, topic: &str, partition: i32) -> Option<KnownLeader> {
        let topic = self.topics.get(topic)?;
        topic.partitions.get(usize::try_from(partition).ok()?).copied()
    }

    /// The partition's leader, if it is known and there is one.
    pub fn leader(&self, partition: &TopicPartition) -> Option<BrokerId> {
        self.known_leader(&partition.topic, partition.partition)?.leader
    }

    /// Why the last answer did not describe this topic.
    pub fn topic_error(&self, topic: &str) -> Option<ErrorCode> {
        self.errors.get(topic).copied()
    }

    // ---- what is wanted

    /// Takes an interest in a topic. A new one is asked for at once, without backoff (`requestUpdateForNewTopics`).
    pub fn want_topic(&mut self, topic: &TopicName) {
        if self.wanted.insert(topic.clone()) {
            self.new_topics.insert(topic.clone());
            self.not_before = SimTime::ZERO;
            self.equivalent_responses = 0;
        }
    }

    /// Wants just these topics from now on; forgets the others.
    pub fn set_topics<'a>(&mut self, topics: impl IntoIterator<Item = &'a TopicName>) {
        let topics: SortedSet<TopicName> = topics.into_iter().cloned().collect();
        self.wanted.retain(|topic| topics.contains(topic));
        self.new_topics.retain(|topic| topics.contains(topic));
        self.topics.retain(|topic, _| topics.contains(topic));
        self.errors.retain(|topic, _| topics.contains(topic));
        for topic in &topics {
            self.want_topic(topic);
        }
    }

    /// Something has turned out to be out of date: everything that is wanted is asked for again, after the backoff.
    pub fn request_update(&mut self) {
        self.update_needed = true;
    }

    /// The topic, or a partition of it, is not known although it is needed: a topic that no answer has spoken of so far
    /// is asked for alone, else everything is (`ProducerMetadata.requestUpdateForTopic`).
    pub fn request_update_for(&mut self, topic: &str) {
        if !self.new_topics.contains(topic) {
            self.request_update();
        }
    }

    /// Takes over who leads from an answer that was an error (KIP-951). True if that was news; otherwise nothing
    /// changes.
    pub fn update_leader(&mut self, topic: &str, partition: i32, current: CurrentLeader) -> bool {
        let known = self
            .topics
            .get_mut(topic)
            .and_then(|topic| Rc::make_mut(topic).partitions.get_mut(partition.max(0) as usize));
        match (known, current.leader) {
            (Some(known), Some(leader))
                if current.leader_epoch > known.leader_epoch && self.brokers.contains(&leader) =>
            {
                *known = KnownLeader { leader: Some(leader), leader_epoch: current.leader_epoch };
                self.version += 1;
                true
            }
            _ => false,
        }
    }

    // ---- asking

    /// When the next question is due, if none is on its way; it may then still have to wait for a broker.
    pub fn next_attempt_at(&self) -> Option<SimTime> {
        if self.asked.is_some() {
            return None;
        }
        let due = match self.last_update {
            Some(last) if !self.update_needed && self.new_topics.is_empty() => {
                last.plus_ms(u64::from(self.settings.max_age_ms))
            }
            _ => SimTime::ZERO,
        };
        Some(due.max(self.not_before))
    }

    /// The question on its way, as (broker, correlation, time of sending), for `request.timeout.ms`.
    pub fn in_flight(&self) -> Option<(BrokerId, u32, SimTime)> {
        self.asked.map(|asked| (asked.broker, asked.correlation, asked.at))
    }

    /// If a question is due: whom to ask and what, under this correlation. The least busy broker is asked
    /// (`NetworkClient.leastLoadedNode`), which among equals is drawn. `load`: requests in flight to a broker, None
    /// if it must not be asked now; when that is so for all, the bootstrap servers are tried instead (KIP-899).
    pub fn next_request(
        &mut self,
        now: SimTime,
        correlation: u32,
        random: &mut Random,
        load: impl Fn(BrokerId) -> Option<u32>,
    ) -> Option<(BrokerId, MetadataRequest)> {
        if self.next_attempt_at()? > now {
            return None;
        }
        let least_loaded = |brokers: &[BrokerId], random: &mut Random| {
            let least = brokers.iter().filter_map(|broker| load(*broker)).min()?;
            let idle: Vec<BrokerId> = brokers.iter().copied().filter(|broker| load(*broker) == Some(least)).collect();
            idle.get(random.below(idle.len() as u64) as usize).copied()
        };
        let broker = least_loaded(&self.brokers, random).or_else(|| least_loaded(&self.bootstrap, random))?;
        let expired = self.last_update.is_none_or(|last| last.plus_ms(u64::from(self.settings.max_age_ms)) <= now);
        let partial = !self.update_needed && !expired;
        let topics = if partial { &self.new_topics } else { &self.wanted };
        let request = MetadataRequest {
            topics: TopicsAsked::Named(topics.iter().cloned().collect()),
            allow_auto_topic_creation: self.settings.allow_auto_topic_creation,
        };
        self.asked = Some(Asked { broker, correlation, at: now, partial });
        Some((broker, request))
    }

    /// Takes over an answer. False if it does not belong to the question on its way, or says nothing: then it is
    /// asked for again.
    pub fn handle_response(
        &mut self,
        correlation: u32,
        response: &MetadataResponse,
        now: SimTime,
        random: &mut Random,
    ) -> bool {
        let Some(asked) = self.asked.take_if(|asked| asked.correlation == correlation) else {
            return false;
        };
        if response.brokers.is_empty() {
            self.failed(now, random);
            return false;
        }
        let before = (self.brokers.clone(), self.topics.clone());
        self.brokers = response.brokers.iter().map(|broker| broker.id).collect();
        if !asked.partial {
            self.update_needed = false;
        }
        let mut incomplete = false;
        for topic in &response.topics {
            self.new_topics.remove(&topic.name);
            incomplete |= self.take_topic(topic);
        }
        if !asked.partial {
            let described: SortedSet<&TopicName> = response.topics.iter().map(|topic| &topic.name).collect();
            self.topics.retain(|name, _| described.contains(name));
        }
        if incomplete {
            self.request_update();
        }
        let unchanged = before.0 == self.brokers && before.1 == self.topics;
        self.equivalent_responses = if unchanged { self.equivalent_responses.saturating_add(1) } else { 0 };
        self.failures = 0;
        self.last_update = Some(now);
        self.version += 1;
        let waits = self.equivalent_responses.saturating_sub(1);
        self.not_before = now.plus_ms(u64::from(self.settings.backoff.delay_ms(waits, random)));
        if !self.new_topics.is_empty() {
            self.not_before = SimTime::ZERO;
        }
        true
    }

    /// The connection that carried the question broke, or the answer took too long.
    pub fn handle_disconnect(&mut self, broker: BrokerId, now: SimTime, random: &mut Random) {
        if self.asked.is_some_and(|asked| asked.broker == broker) {
            self.asked = None;
            self.failed(now, random);
        }
    }

    fn failed(&mut self, now: SimTime, random: &mut Random) {
        self.not_before = now.plus_ms(u64::from(self.settings.backoff.delay_ms(self.failures, random)));
        self.failures = self.failures.saturating_add(1);
        self.update_needed = true;
    }

    /// Takes over what an answer says of one topic; true if it must be asked for again.
    fn take_topic(&mut self, topic: &MetadataTopic) -> bool {
        if !self.wanted.contains(&topic.name) {
            return false;
        }
        if !topic.error.is_none() {
            self.errors.insert(topic.name.clone(), topic.error);
            self.topics.remove(&topic.name);
            return topic.error.is_invalid_metadata();
        }
        self.errors.remove(&topic.name);
        let known = self.topics.get(&topic.name).filter(|known| known.topic_id == topic.topic_id);
        let mut incomplete = false;
        let none = KnownLeader { leader: None, leader_epoch: LeaderEpoch(-1) };
        let mut partitions = vec![none; topic.partitions.len()];
        for partition in &topic.partitions {
            // Partitions are numbered from 0 without gaps.
            let Some(place) = usize::try_from(partition.partition).ok().and_then(|at| partitions.get_mut(at)) else {
                continue;
            };
            let told = KnownLeader { leader: partition.leader, leader_epoch: partition.leader_epoch };
            // A broker that lags behind must not bring back a leader of the past (KIP-320).
            let known = known.and_then(|known| known.partitions.get(partition.partition as usize));
            *place = match known {
                Some(known) if known.leader_epoch > told.leader_epoch => *known,
                _ => told,
            };
            incomplete |= partition.error.is_invalid_metadata();
        }
        self.topics.insert(topic.name.clone(), Rc::new(KnownTopic { topic_id: topic.topic_id, partitions }));
        incomplete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::protocol::metadata::{MetadataBroker, MetadataPartition};

    const SETTINGS: MetadataSettings = MetadataSettings {
        max_age_ms: 300_000,
        backoff: ExponentialBackoff { initial_ms: 100, max_ms: 1_000 },
        allow_auto_topic_creation: true,
    };

    fn topic(name: &str, leaders: &[(Option<i32>, i32)]) -> MetadataTopic {
        let partition = |(partition, (leader, epoch)): (usize, &(Option<i32>, i32))| MetadataPartition {
            error: if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
            partition: partition as i32,
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(*epoch),
            replicas: vec![BrokerId(0), BrokerId(1)],
            isr: vec![BrokerId(0), BrokerId(1)],
            offline_replicas: vec![],
        };
        MetadataTopic {
            error: ErrorCode::None,
            name: name.into(),
            topic_id: TopicId(7),
            is_internal: false,
            partitions: leaders.iter().enumerate().map(partition).collect(),
        }
    }

    fn answer(topics: Vec<MetadataTopic>) -> MetadataResponse {
        let brokers = (0..3).map(|id| MetadataBroker { id: BrokerId(id), rack: None }).collect();
        MetadataResponse { brokers, controller: None, topics }
    }

    struct Client {
        metadata: ClientMetadata,
        random: Random,
        correlation: u32,
    }

    impl Client {
        fn new() -> Client {
            let metadata = ClientMetadata::new(Rc::from([BrokerId(0)]), SETTINGS);
            Client { metadata, random: Random::stream(3, 3), correlation: 0 }
        }

        fn ask(&mut self, now: SimTime) -> Option<Vec<TopicName>> {
            self.correlation += 1;
            let asked = self.metadata.next_request(now, self.correlation, &mut self.random, |_| Some(0));
            asked.map(|(_, request)| request.topics.names().to_vec())
        }

        fn answer(&mut self, now: SimTime, topics: Vec<MetadataTopic>) {
            assert!(self.metadata.handle_response(self.correlation, &answer(topics), now, &mut self.random));
        }
    }

    #[test]
    fn new_topics_are_asked_for_at_once_and_alone() {
        let mut client = Client::new();
        assert_eq!(client.ask(SimTime::ZERO), Some(vec![]));
        client.answer(SimTime(500), vec![]);
        assert_eq!(client.metadata.brokers().len(), 3);
        client.metadata.want_topic(&"a".into());
        assert_eq!(client.ask(SimTime(600)), Some(vec!["a".into()]));
        client.answer(SimTime(900), vec![topic("a", &[(Some(1), 0), (Some(2), 0)])]);
        assert_eq!(client.metadata.partition_count("a"), Some(2));
        assert_eq!(client.metadata.leader(&TopicPartition::new("a", 1)), Some(BrokerId(2)));
        client.metadata.want_topic(&"b".into());
        assert_eq!(client.ask(SimTime(1_000)), Some(vec!["b".into()]));
        client.answer(SimTime(1_100), vec![topic("b", &[(Some(0), 0)])]);
        assert_eq!(client.metadata.partition_count("a"), Some(2), "a partial answer leaves the other topics alone");
        // Nothing to ask until the metadata is too old; then everything.
        assert_eq!(client.ask(SimTime::from_ms(200_000)), None);
        let old = client.metadata.next_attempt_at().expect("nothing is on its way");
        assert_eq!(old, SimTime(1_100).plus_ms(300_000));
        assert_eq!(client.ask(old), Some(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn a_partition_without_leader_is_asked_for_again_after_a_growing_backoff() {
        let mut client = Client::new();
        client.metadata.want_topic(&"a".into());
        client.ask(SimTime::ZERO);
        let mut now = SimTime::ZERO;
        let mut waits = Vec::new();
        for _ in 0..4 {
            client.answer(now, vec![topic("a", &[(None, 3)])]);
            let next = client.metadata.next_attempt_at().expect("nothing is on its way");
            waits.push(next.as_ms() - now.as_ms());
            assert_eq!(client.ask(SimTime(next.0 - 1)), None);
            assert_eq!(client.ask(next), Some(vec!["a".into()]));
            now = next;
        }
        assert!((80..=120).contains(&waits[0]) && (160..=240).contains(&waits[2]) && (320..=480).contains(&waits[3]));
        client.answer(now, vec![topic("a", &[(Some(1), 4)])]);
        assert_eq!(client.metadata.next_attempt_at(), Some(now.plus_ms(300_000)));
    }

    #[test]
    fn a_leader_of_an_older_epoch_is_not_believed() {
        let mut client = Client::new();
        client.metadata.want_topic(&"a".into());
        client.ask(SimTime::ZERO);
        client.answer(SimTime(1), vec![topic("a", &[(Some(1), 4)])]);
        let news = CurrentLeader { leader: Some(BrokerId(2)), leader_epoch: LeaderEpoch(5) };
        assert!(client.metadata.update_leader("a", 0, news));
        assert!(!client.metadata.update_leader("a", 0, news), "told twice");
        client.metadata.request_update();
        let next = client.metadata.next_attempt_at().expect("nothing is on its way");
        client.ask(next);
        client.answer(next, vec![topic("a", &[(Some(1), 4)])]);
        assert_eq!(client.metadata.leader(&TopicPartition::new("a", 0)), Some(BrokerId(2)));
    }

    #[test]
    fn when_no_known_broker_can_be_reached_the_bootstrap_servers_are_asked() {
        let mut metadata = ClientMetadata::new(Rc::from([BrokerId(0), BrokerId(9)]), SETTINGS);
        let mut random = Random::stream(3, 3);
        metadata.next_request(SimTime::ZERO, 1, &mut random, |_| Some(0));
        assert!(metadata.handle_response(1, &answer(vec![]), SimTime(1), &mut random));
        metadata.request_update();
        let next = metadata.next_attempt_at().expect("nothing is on its way");
        let asked = metadata.next_request(next, 2, &mut random, |broker| (broker.0 == 9).then_some(0));
        assert_eq!(asked.map(|(broker, _)| broker), Some(BrokerId(9)));
        metadata.handle_disconnect(BrokerId(9), next, &mut random);
        assert!(metadata.next_attempt_at() > Some(next), "a failure waits");
    }
}
