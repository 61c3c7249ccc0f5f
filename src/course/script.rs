//! Commands of the lesson: templates of the content, filled in for the run at hand.

use serde_json::{Value, json};

use super::model::{Act, Example};
use super::parameters::Parameters;
use super::template::substitute;
use crate::kafka::ids::{BrokerId, NodeId, TopicPartition};
use crate::kafka::sorted::SortedMap;
use crate::sim::{Command, Link, ProcessStatus, World};

/// What `$names` in the content's commands stand for.
fn values(example: &Example, parameters: &Parameters, world: &World) -> SortedMap<&'static str, Value> {
    let stage = &example.stage;
    let mut values = SortedMap::from([
        ("value", json!(parameters.value)),
        ("key", json!(parameters.key())),
        ("partition", json!(parameters.number())),
        ("acks", json!(parameters.acks)),
        ("replication_factor", json!(parameters.replication_factor)),
        ("partitions", json!(parameters.partitions)),
        ("topic", json!(stage.topic)),
        ("group", json!(stage.group)),
        ("producer", json!(stage.producer)),
        ("consumer", json!(stage.consumer)),
        ("application", json!(stage.application)),
    ]);
    let mut producer_config = stage.producer_config.clone();
    producer_config.insert("acks".into(), parameters.acks.clone());
    values.insert("producer_config", json!(producer_config));
    let mut consumer_config = stage.consumer_config.clone();
    consumer_config.insert("group.id".into(), stage.group.clone());
    values.insert("consumer_config", json!(consumer_config));
    values.insert("watched", json!(watched_partition(example, parameters)));
    if let Some(node) = world.client_named(&stage.consumer) {
        values.insert("consumer_node", json!(node));
    }
    if let Some(leader) = leader_of(world, &watched_partition(example, parameters)) {
        values.insert("leader", json!(NodeId::Broker(leader)));
    }
    if let Some(down) = world.brokers().find(|(process, _)| process.status == ProcessStatus::Down) {
        values.insert("dead_broker", json!(NodeId::Broker(down.1.setup.id)));
    }
    values
}

/// The partition that the lesson watches: where its record goes, else the first.
pub fn watched_partition(example: &Example, parameters: &Parameters) -> TopicPartition {
    let number = parameters.number().or_else(|| parameters.key_arithmetic().map(|key| key.partition));
    TopicPartition::new(example.stage.topic.as_str(), number.unwrap_or(0))
}

/// The partition's leader as the active controller has registered it.
pub fn leader_of(world: &World, partition: &TopicPartition) -> Option<BrokerId> {
    world.active_image()?.partition(&partition.topic, partition.partition)?.leader
}

/// Makes commands of templates. One that holds `$follower` is given once for each follower of the watched partition,
/// one with `$cut_from` and `$cut_to` once for each link that is cut.
///
/// # Errors
/// Something that the template names is not there at present; in words.
pub fn commands(
    templates: &[Value],
    example: &Example,
    parameters: &Parameters,
    world: &World,
) -> Result<Vec<Command>, String> {
    let mut values = values(example, parameters, world);
    let mut commands = Vec::new();
    for template in templates {
        if template.to_string().contains("\"$cut_from\"") {
            for link in cut_links(world)? {
                values.insert("cut_from", json!(link.from));
                values.insert("cut_to", json!(link.to));
                commands.push(command(&substitute(template, &values)?)?);
            }
            continue;
        }
        if !template.to_string().contains("\"$follower\"") {
            commands.push(command(&substitute(template, &values)?)?);
            continue;
        }
        let partition = watched_partition(example, parameters);
        let registration = world
            .active_image()
            .and_then(|image| image.partition(&partition.topic, partition.partition))
            .ok_or_else(|| format!("{partition} is not there"))?;
        let leader = registration.leader;
        for follower in registration.replicas.iter().filter(|id| Some(**id) != leader) {
            values.insert("follower", json!(NodeId::Broker(*follower)));
            commands.push(command(&substitute(template, &values)?)?);
        }
    }
    Ok(commands)
}

/// The links that are cut, each once although it may be cut both ways.
fn cut_links(world: &World) -> Result<Vec<Link>, String> {
    let links: Vec<Link> =
        world.cut_links().filter(|link| link.from < link.to || !world.is_cut(link.to, link.from)).collect();
    if links.is_empty() { Err("no link is cut".into()) } else { Ok(links) }
}

fn command(value: &Value) -> Result<Command, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("{value} is no command: {error}"))
}

/// The commands of an act, now.
///
/// # Errors
/// Why it cannot be done at present, in words.
pub fn act(act: &Act, example: &Example, parameters: &Parameters, world: &World) -> Result<Vec<Command>, String> {
    commands(&act.commands, example, parameters, world)
}
