//! Topics are made, grown and deleted (`ReplicationControlManager.createTopics` and its like, `ControllerApis`).

use super::decision::{Decision, View};
use super::topic_name::{collides, validate_topic_name};
use crate::kafka::ids::{BrokerId, TopicId, TopicName};
use crate::kafka::metadata::{MetadataRecord, PartitionRegistration};
use crate::kafka::placement::{UsableBroker, place_replicas};
use crate::kafka::protocol::ErrorCode;
use crate::kafka::protocol::admin::{
    ConfigOperation, ConfigResource, CreatableTopic, CreatableTopicResult, CreatePartitionsRequest,
    CreatePartitionsResponse, CreatePartitionsTopic, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse,
};
use crate::kafka::random::Random;
use crate::kafka::sorted::SmallSort;

/// The topic of the metadata log: nobody can make it.
const CLUSTER_METADATA_TOPIC: &str = "__cluster_metadata";
/// Most records of one request (`MAX_RECORDS_PER_USER_OP`).
const MAX_PARTITIONS_PER_REQUEST: usize = 10_000;

/// An error code and what is wrong.
pub type ApiError = (ErrorCode, String);

/// A topic that can be made.
struct NewTopic {
    topic_id: TopicId,
    records: Vec<MetadataRecord>,
    /// Replicas by partition.
    partitions: Vec<Vec<BrokerId>>,
}

fn refuse<T>(error: ErrorCode, message: impl Into<String>) -> Result<T, ApiError> {
    Err((error, message.into()))
}

impl View<'_> {
    /// Makes topics. Each has its own answer; those that can be made are, in one batch.
    pub fn create_topics(&self, request: &CreateTopicsRequest, random: &mut Random) -> Decision {
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for topic in &request.topics {
            let is_repeated = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
            let made = if is_repeated {
                refuse(ErrorCode::InvalidRequest, "The topic is named more than once")
            } else {
                self.create_topic(topic, random)
            };
            topics.push(match made {
                Ok(NewTopic { topic_id, records: of_topic, partitions }) => {
                    records.extend(of_topic);
                    CreatableTopicResult {
                        name: topic.name.clone(),
                        topic_id,
                        error: ErrorCode::None,
                        error_message: None,
                        num_partitions: partitions.len() as i32,
                        replication_factor: partitions.first().map_or(0, |replicas| replicas.len() as i16),
                    }
                }
                Err((error, message)) => failed(topic.name.clone(), error, Some(message)),
            });
        }
        if request.validate_only {
            records.clear();
        }
        Decision::new(records, CreateTopicsResponse { topics })
    }

    fn create_topic(&self, topic: &CreatableTopic, random: &mut Random) -> Result<NewTopic, ApiError> {
        if &*topic.name == CLUSTER_METADATA_TOPIC {
            return refuse(ErrorCode::InvalidRequest, "The topic of the metadata log cannot be created");
        }
        validate_topic_name(&topic.name).map_err(|message| (ErrorCode::InvalidTopicException, message))?;
        if let Some(other) = self.image.topics.keys().find(|other| collides(&topic.name, other)) {
            let message = format!("Topic '{}' collides with the existing topic '{other}'", topic.name);
            return refuse(ErrorCode::InvalidTopicException, message);
        }
        if self.image.topics.contains_key(&topic.name) {
            return refuse(ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", topic.name));
        }
        let config_records = self.creation_configs(topic)?;
        let partitions = if topic.assignments.is_empty() {
            self.place_topic(topic, random)?
        } else {
            self.manual_assignments(topic)?
        };
        let topic_id = TopicId(random.next_u128());
        let mut records = vec![MetadataRecord::Topic { name: topic.name.clone(), topic_id }];
        records.extend(config_records);
        for (number, replicas) in partitions.iter().enumerate() {
            records.push(self.partition_record(topic_id, number as i32, replicas));
        }
        Ok(NewTopic { topic_id, records, partitions })
    }

    fn creation_configs(&self, topic: &CreatableTopic) -> Result<Vec<MetadataRecord>, ApiError> {
        let mut operations = Vec::new();
        for (name, value) in &topic.configs {
            match value {
                Some(value) => operations.push((name.clone(), ConfigOperation::Set(value.clone()))),
                None => return refuse(ErrorCode::InvalidConfig, format!("The value of {name} is null")),
            }
        }
        self.config_records(&ConfigResource::Topic(topic.name.clone()), &operations)
    }

    fn manual_assignments(&self, topic: &CreatableTopic) -> Result<Vec<Vec<BrokerId>>, ApiError> {
        if topic.replication_factor != -1 || topic.num_partitions != -1 {
            let message = "With a manual assignment, neither replication factor nor number of partitions can be given";
            return refuse(ErrorCode::InvalidRequest, message);
        }
        let mut assignments = topic.assignments.clone();
        assignments.sort_small();
        let mut partitions: Vec<Vec<BrokerId>> = Vec::new();
        for (number, replicas) in assignments {
            if number != partitions.len() as i32 {
                let message = "The partitions of a manual assignment must be numbered from 0, each once";
                return refuse(ErrorCode::InvalidReplicaAssignment, message);
            }
            self.validate_assignment(number, &replicas, partitions.first().map(Vec::len))?;
            partitions.push(replicas);
        }
        Ok(partitions)
    }

    /// Of a new partition, which needs a leader at once.
    fn validate_assignment(&self, number: i32, replicas: &[BrokerId], same_as: Option<usize>) -> Result<(), ApiError> {
        self.validate_replicas(number, replicas, same_as)?;
        if !replicas.iter().any(|broker| self.image.is_active(*broker)) {
            let message = format!("All brokers of partition {number} are fenced or shutting down");
            return refuse(ErrorCode::InvalidReplicaAssignment, message);
        }
        Ok(())
    }

    /// Whether brokers may be the replicas of a partition (`validateManualPartitionAssignment`).
    pub fn validate_replicas(
        &self,
        number: i32,
        replicas: &[BrokerId],
        same_as: Option<usize>,
    ) -> Result<(), ApiError> {
        let refuse = |message: String| refuse(ErrorCode::InvalidReplicaAssignment, message);
        if replicas.is_empty() {
            return refuse(format!("Partition {number} is assigned to no broker"));
        }
        if let Some(broker) = replicas.iter().find(|broker| !self.image.brokers.contains_key(broker)) {
            return refuse(format!("Partition {number} is assigned to broker {broker}, which is not registered"));
        }
        let mut sorted = replicas.to_vec();
        sorted.sort_small();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("Partition {number} is assigned to broker {} more than once", pair[0]));
        }
        if same_as.is_some_and(|count| count != replicas.len()) {
            return refuse(format!("Partition {number} has another number of replicas than the first"));
        }
        Ok(())
    }

    fn place_topic(&self, topic: &CreatableTopic, random: &mut Random) -> Result<Vec<Vec<BrokerId>>, ApiError> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            let message = "The replication factor must be positive, or -1 for the default";
            return refuse(ErrorCode::InvalidReplicationFactor, message);
        }
        if topic.num_partitions < -1 || topic.num_partitions == 0 {
            return refuse(ErrorCode::InvalidPartitions, "The number of partitions must be positive, or -1");
        }
        let config = &self.setup.config;
        let count = if topic.num_partitions == -1 { config.num_partitions } else { topic.num_partitions };
        let factor =
            if topic.replication_factor == -1 { config.default_replication_factor } else { topic.replication_factor };
        self.place(count, i32::from(factor), random)
    }

    fn place(&self, count: i32, factor: i32, random: &mut Random) -> Result<Vec<Vec<BrokerId>>, ApiError> {
        if count as usize > MAX_PARTITIONS_PER_REQUEST {
            let message = format!("No more than {MAX_PARTITIONS_PER_REQUEST} partitions can be made by one request");
            return refuse(ErrorCode::PolicyViolation, message);
        }
        let usable: Vec<UsableBroker> = self
            .image
            .brokers
            .values()
            .filter(|broker| !self.heartbeats.is_shutting_down(broker.broker))
            .map(|broker| UsableBroker { id: broker.broker, rack: broker.rack.clone(), fenced: broker.fenced })
            .collect();
        let unplaceable = |reason: String| {
            (
                ErrorCode::InvalidReplicationFactor,
                format!("Unable to replicate the partition {factor} time(s): {reason}"),
            )
        };
        let mut next_int = |bound: u32| random.below(u64::from(bound)) as u32;
        let placed =
            place_replicas(&usable, count, factor, &mut next_int).map_err(|error| unplaceable(error.to_string()))?;
        if placed.iter().any(|replicas| !replicas.iter().any(|broker| self.image.is_active(*broker))) {
            return Err(unplaceable("all brokers are fenced or shutting down".into()));
        }
        Ok(placed)
    }

    /// A new partition: the active ones of its replicas are in sync, the first of them leads.
    fn partition_record(&self, topic_id: TopicId, partition: i32, replicas: &[BrokerId]) -> MetadataRecord {
        let isr: Vec<BrokerId> = replicas.iter().copied().filter(|broker| self.image.is_active(*broker)).collect();
        let registration = PartitionRegistration {
            replicas: replicas.to_vec(),
            leader: isr.first().copied(),
            isr,
            ..PartitionRegistration::default()
        };
        MetadataRecord::Partition { topic_id, partition, registration }
    }

    /// Adds partitions to topics.
    pub fn create_partitions(&self, request: &CreatePartitionsRequest, random: &mut Random) -> Decision {
        let mut records = Vec::new();
        let mut topics = Vec::new();
        for topic in &request.topics {
            let is_repeated = request.topics.iter().filter(|other| other.name == topic.name).count() > 1;
            let grown = if is_repeated {
                refuse(ErrorCode::InvalidRequest, "The topic is named more than once")
            } else {
                self.create_partitions_of(topic, random)
            };
            topics.push(match grown {
                Ok(added) => {
                    records.extend(added);
                    (topic.name.clone(), ErrorCode::None, None)
                }
                Err((error, message)) => (topic.name.clone(), error, Some(message)),
            });
        }
        if request.validate_only {
            records.clear();
        }
        Decision::new(records, CreatePartitionsResponse { topics })
    }

    fn create_partitions_of(
        &self,
        request: &CreatePartitionsTopic,
        random: &mut Random,
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        let Some(topic) = self.image.topic(&request.name) else {
            return refuse(ErrorCode::UnknownTopicOrPartition, "This server does not host this topic");
        };
        let present = topic.partitions.len() as i32;
        if request.count <= present {
            let message = format!("The topic has {present} partition(s); {} would not be an increase", request.count);
            return refuse(ErrorCode::InvalidPartitions, message);
        }
        let added = request.count - present;
        let factor = topic.partitions.values().next().map_or(1, |first| first.replicas.len());
        let placed = match &request.assignments {
            Some(assignments) if assignments.len() as i32 != added => {
                let message = format!("{added} partition(s) are added, but {} are assigned", assignments.len());
                return refuse(ErrorCode::InvalidReplicaAssignment, message);
            }
            Some(assignments) => {
                for (index, replicas) in assignments.iter().enumerate() {
                    self.validate_assignment(present + index as i32, replicas, Some(factor))?;
                }
                assignments.clone()
            }
            None => self.place(added, factor as i32, random)?,
        };
        let record = |(index, replicas): (usize, &Vec<BrokerId>)| {
            self.partition_record(topic.topic_id, present + index as i32, replicas)
        };
        Ok(placed.iter().enumerate().map(record).collect())
    }

    pub fn delete_topics(&self, request: &DeleteTopicsRequest) -> Decision {
        let mut records = Vec::new();
        let mut topics: Vec<(TopicName, ErrorCode)> = Vec::new();
        for name in &request.topics {
            let is_repeated = request.topics.iter().filter(|other| *other == name).count() > 1;
            let error = match self.image.topic(name) {
                _ if is_repeated => ErrorCode::InvalidRequest,
                None => ErrorCode::UnknownTopicOrPartition,
                Some(topic) => {
                    records.push(MetadataRecord::RemoveTopic { topic_id: topic.topic_id });
                    ErrorCode::None
                }
            };
            topics.push((name.clone(), error));
        }
        Decision::new(records, DeleteTopicsResponse { topics })
    }
}

/// The answer for a topic that was not made.
pub fn failed(name: TopicName, error: ErrorCode, error_message: Option<String>) -> CreatableTopicResult {
    CreatableTopicResult {
        name,
        topic_id: TopicId(0),
        error,
        error_message,
        num_partitions: -1,
        replication_factor: -1,
    }
}
