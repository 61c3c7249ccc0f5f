//! Frames made by hand or by chance, for looking at the picture and for testing its layout. Never part of the page.

use glassbroker::kafka::ids::{BrokerId, ClientId, ControllerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use glassbroker::kafka::protocol::ApiKey;
use glassbroker::kafka::protocol::produce::Acks;
use glassbroker::stage::frame::*;
use glassbroker::stage::trouble::{BadLinkFrame, MachineFrame};

pub fn partition(topic: &str, number: i32) -> TopicPartition {
    TopicPartition::new(topic, number)
}

fn mark_of(offset: Offset) -> u8 {
    [0, 1, 0, 2, 0, 3, 1, 4][offset.rem_euclid(8) as usize]
}

fn cell(offset: Offset, epoch: i32, high_watermark: Offset) -> CellFrame {
    let mark = mark_of(offset);
    CellFrame {
        offset,
        key: Some(["123", "77", "9", "402", "alice", "bob", "carol", "dave"][usize::from(mark)].into()),
        mark: Some(mark),
        leader_epoch: LeaderEpoch(epoch),
        committed: offset < high_watermark,
        diverges: false,
        control: false,
        value: format!("{{\"user_id\": {offset}, \"action\": \"login\"}}"),
    }
}

/// A copy whose records below `born` belong to the epoch before.
pub fn replica(
    of: &TopicPartition,
    role: Role,
    start: Offset,
    hw: Offset,
    leo: Offset,
    epoch: i32,
    born: Offset,
) -> ReplicaFrame {
    let first = start.max(leo - 96);
    ReplicaFrame {
        partition: of.clone(),
        role,
        leader_epoch: LeaderEpoch(epoch),
        log_start_offset: start,
        high_watermark: hw,
        log_end_offset: leo,
        isr: Vec::new(),
        followers: Vec::new(),
        cells: (first..leo).map(|offset| cell(offset, if offset < born { epoch - 1 } else { epoch }, hw)).collect(),
        waiting_produces: Vec::new(),
        waiting_fetches: Vec::new(),
        flushed_offset: 0,
        size_bytes: 98 * (leo - start) as u64,
    }
}

fn broker(id: i32, replicas: Vec<ReplicaFrame>) -> BrokerFrame {
    BrokerFrame {
        id: BrokerId(id),
        life: Life::Running,
        fenced: false,
        rack: None,
        metadata_offset: 57,
        replicas,
        coordinates: Vec::new(),
    }
}

fn controllers(number: i32, active: i32, epoch: i32) -> Vec<ControllerFrame> {
    (0..number)
        .map(|index| ControllerFrame {
            id: ControllerId(100 + index),
            life: Life::Running,
            active: index == active,
            epoch,
            log_end_offset: 57,
        })
        .collect()
}

fn producer(id: u32, name: &str) -> ProducerFrame {
    ProducerFrame {
        id: ClientId(id),
        name: name.into(),
        life: Life::Running,
        acks: Acks::All,
        idempotent: true,
        producer_id: None,
        buffered: Vec::new(),
        in_flight: Vec::new(),
        results: Vec::new(),
        acknowledged: 0,
        failed: 0,
        leaders: Vec::new(),
    }
}

fn batch(of: &TopicPartition, marks: &[u8]) -> BatchFrame {
    BatchFrame {
        partition: of.clone(),
        marks: marks.iter().copied().map(Some).collect(),
        records: marks.len() as u32,
        size_bytes: 149,
        base_sequence: Some(42),
        attempts: 1,
    }
}

fn consumer(id: u32, name: &str, assigned: Vec<AssignedFrame>) -> ConsumerFrame {
    ConsumerFrame {
        id: ClientId(id),
        name: name.into(),
        life: Life::Running,
        state: "waits for data".into(),
        assigned,
        processing: None,
        polled: 0,
    }
}

fn assigned(of: &TopicPartition, position: Offset, committed: Offset, lag: u64) -> AssignedFrame {
    AssignedFrame { partition: of.clone(), position: Some(position), committed: Some(committed), lag: Some(lag) }
}

#[allow(clippy::too_many_arguments)]
fn message(
    id: u64,
    from: NodeId,
    to: NodeId,
    api: ApiKey,
    is_request: bool,
    words: &str,
    marks: &[u8],
    share: u64,
) -> MessageFrame {
    MessageFrame {
        id,
        from,
        to,
        api,
        is_request,
        words: words.into(),
        is_error: false,
        records: marks.len() as u32,
        marks: marks.iter().copied().map(Some).collect(),
        size_bytes: 149,
        sent_us: 2_412 - share * 3,
        due_us: 2_412 - share * 3 + 300,
        retransmissions: 0,
        transit: Transit::Travelling,
    }
}

fn registration(of: &TopicPartition, leader: i32, epoch: i32, replicas: &[i32], isr: &[i32]) -> PartitionFrame {
    PartitionFrame {
        partition: of.clone(),
        leader: Some(BrokerId(leader)),
        leader_epoch: LeaderEpoch(epoch),
        replicas: replicas.iter().copied().map(BrokerId).collect(),
        isr: isr.iter().copied().map(BrokerId).collect(),
        elr: Vec::new(),
        min_insync_replicas: 2,
    }
}

/// The login event on its way to the followers.
pub fn login() -> Frame {
    let p0 = partition("user-events", 0);
    let mut leader = replica(&p0, Role::Leader, 0, 42, 43, 5, 40);
    leader.isr = vec![BrokerId(0), BrokerId(1), BrokerId(2)];
    leader.waiting_produces = vec![WaitingRequest { from: NodeId::client(1), offset: 43, due_us: 30_000_000 }];
    let mut producer = producer(1, "producer-1");
    producer.in_flight = vec![batch(&p0, &[0])];
    producer.results = vec![SendResult { partition: Some(p0.clone()), outcome: SendOutcome::Acknowledged(41) }];
    Frame {
        time_us: 2_412,
        clock_from_us: 0,
        sentence: "Broker 1 has fetched offset 42; the answer to broker 2 is on its way. The leader does not know yet that they hold it: it learns that from their next fetch, which asks for 43.".into(),
        focus: None,
        controllers: controllers(3, 0, 3),
        brokers: vec![
            broker(0, vec![leader]),
            broker(1, vec![replica(&p0, Role::Follower, 0, 42, 43, 5, 40)]),
            broker(2, vec![replica(&p0, Role::Follower, 0, 42, 42, 5, 40)]),
        ],
        partitions: vec![registration(&p0, 0, 5, &[0, 1, 2], &[0, 1, 2])],
        producers: vec![producer],
        groups: vec![GroupFrame {
            name: "login-service".into(),
            state: "Stable".into(),
            generation: 1,
            coordinator: Some(BrokerId(1)),
            assignor: Some("range".into()),
            committed: vec![(p0.clone(), 42)],
            consumers: vec![consumer(2, "consumer-1", vec![assigned(&p0, 42, 42, 0)])],
        }],
        tools: Vec::new(),
        messages: vec![
            message(7, NodeId::broker(1), NodeId::broker(0), ApiKey::Fetch, true, "@43", &[], 35),
            message(8, NodeId::broker(0), NodeId::broker(2), ApiKey::Fetch, false, "", &[0], 62),
        ],
        timers: vec![TimerFrame { node: NodeId::client(1), kind: TimerKind::Linger, from_us: 0, due_us: 5_000 }],
        cut_links: Vec::new(),
        bad_links: Vec::new(),
        bad_machines: Vec::new(),
        flow: FlowFrame {
            partition: Some(p0),
            offset: Some(42),
            message: FlowState::Done,
            persistence: FlowState::Done,
            disk: FlowState::Done,
            replication: FlowState::Now,
            replicas: FlowState::Now,
            ..FlowFrame::default()
        },
    }
}

/// The frames made by hand.
pub fn known() -> [(&'static str, Frame); 4] {
    [("login", login()), ("trouble", trouble()), ("weather", weather()), ("busy", busy())]
}

/// Nobody is dead, and little is well: slow, lossy and cut links, bad disks, wrong clocks.
pub fn weather() -> Frame {
    let mut frame = login();
    let (first, second, third) = (NodeId::broker(0), NodeId::broker(1), NodeId::broker(2));
    let producer = NodeId::Client(frame.producers[0].id);
    let link = |from, to, slower_us, loss_ppm| BadLinkFrame { from, to, slower_us, loss_ppm };
    frame.bad_links = vec![
        link(first, second, 500_000, 0),
        link(second, first, 500_000, 0),
        link(second, third, 0, 200_000),
        link(producer, first, 20_000, 5_000),
    ];
    frame.cut_links = vec![CutLink { from: first, to: third, both_ways: false }];
    let machine = |node, disk_latency_us, disk_is_full, clock_skew_ms| MachineFrame {
        node,
        disk_latency_us,
        disk_is_full,
        clock_skew_ms,
    };
    frame.bad_machines = vec![
        machine(second, 30_000, false, 0),
        machine(third, 0, true, -90_000),
        machine(producer, 0, false, 6 * 86_400_000),
    ];
    frame
}

/// A leader down, another elected, a tail that diverges, a cut link, a held message, a hung consumer.
pub fn trouble() -> Frame {
    let mut frame = login();
    let p0 = partition("user-events", 0);
    let mut old = replica(&p0, Role::Leader, 0, 42, 46, 5, 40);
    for cell in old.cells.iter_mut().filter(|cell| cell.offset >= 43) {
        cell.diverges = true;
    }
    let mut leader = replica(&p0, Role::Leader, 0, 43, 45, 6, 43);
    leader.isr = vec![BrokerId(1)];
    leader.waiting_produces = vec![WaitingRequest { from: NodeId::client(1), offset: 45, due_us: 30_000_000 }];
    leader.waiting_fetches = vec![WaitingRequest { from: NodeId::client(2), offset: 45, due_us: 500_000 }];
    frame.brokers = vec![
        broker(0, vec![old]),
        broker(1, vec![leader]),
        broker(2, vec![replica(&p0, Role::Follower, 0, 43, 43, 6, 43)]),
    ];
    frame.brokers[0].life = Life::Down;
    frame.brokers[0].fenced = true;
    frame.brokers[2].life = Life::Paused;
    frame.brokers[2].rack = Some("b".into());
    frame.partitions = vec![registration(&p0, 1, 6, &[0, 1, 2], &[1])];
    frame.controllers[0].life = Life::Down;
    frame.controllers[0].active = false;
    frame.controllers[1].active = true;
    frame.cut_links = vec![CutLink { from: NodeId::broker(1), to: NodeId::broker(2), both_ways: true }];
    let mut held = message(9, NodeId::client(1), NodeId::broker(1), ApiKey::Produce, true, "", &[0, 1], 50);
    held.transit = Transit::Held;
    let mut refused =
        message(10, NodeId::broker(1), NodeId::client(2), ApiKey::OffsetCommit, false, "ILLEGAL_GENERATION", &[], 30);
    refused.is_error = true;
    let beat = message(11, NodeId::broker(1), NodeId::controller(101), ApiKey::BrokerHeartbeat, true, "", &[], 50);
    frame.messages = vec![held, refused, beat];
    frame.groups[0].consumers[0].life = Life::Paused;
    frame.groups[0].consumers[0].processing = None;
    frame.groups[0].committed = vec![(p0.clone(), 40)];
    frame.groups[0].consumers[0].assigned = vec![assigned(&p0, 43, 40, 2)];
    frame.producers[0].results =
        vec![SendResult { partition: Some(p0), outcome: SendOutcome::InDoubt("delivery.timeout.ms".into()) }];
    frame.timers = vec![
        TimerFrame { node: NodeId::broker(2), kind: TimerKind::BrokerSession, from_us: 0, due_us: 3_000 },
        TimerFrame { node: NodeId::client(2), kind: TimerKind::MemberSession, from_us: 0, due_us: 4_000 },
    ];
    frame
}

/// Three partitions, three consumers in two groups, long names.
pub fn busy() -> Frame {
    let mut frame = login();
    let topic = "orders.from-every-shop-in-europe";
    let parts: Vec<TopicPartition> = (0..3).map(|number| partition(topic, number)).collect();
    frame.brokers = (0..3)
        .map(|id| {
            let mut replicas = Vec::new();
            for (number, of) in parts.iter().enumerate() {
                let role = if number as i32 == id { Role::Leader } else { Role::Follower };
                let end = [1_204, 986, 40][number] + Offset::from(role == Role::Leader);
                let mut copy = replica(of, role, 0, [1_204, 986, 40][number], end, 2, 0);
                if role == Role::Leader {
                    copy.isr = vec![BrokerId(0), BrokerId(1), BrokerId(2)];
                    copy.waiting_fetches = vec![
                        WaitingRequest { from: NodeId::broker((id + 1) % 3), offset: 1, due_us: 9 },
                        WaitingRequest { from: NodeId::client(2), offset: 1, due_us: 9 },
                    ];
                }
                replicas.push(copy);
            }
            broker(id, replicas)
        })
        .collect();
    frame.partitions = parts
        .iter()
        .enumerate()
        .map(|(number, of)| registration(of, number as i32, 2, &[0, 1, 2], &[0, 1, 2]))
        .collect();
    frame.producers = vec![producer(1, "checkout-with-a-long-name"), producer(5, "returns")];
    frame.producers[0].buffered = vec![batch(&parts[0], &[0, 1, 2, 3])];
    frame.producers[1].acks = Acks::Leader;
    frame.producers[1].idempotent = false;
    let mut working =
        consumer(2, "billing-1", vec![assigned(&parts[0], 1_203, 1_180, 1), assigned(&parts[1], 986, 986, 0)]);
    working.processing = Some(ProcessingFrame {
        partition: parts[0].clone(),
        offset: 1_202,
        mark: Some(0),
        from_us: 2_000,
        due_us: 3_000,
    });
    frame.groups = vec![
        GroupFrame {
            name: "billing".into(),
            state: "Stable".into(),
            generation: 4,
            coordinator: Some(BrokerId(2)),
            assignor: Some("range".into()),
            committed: vec![(parts[0].clone(), 1_180)],
            consumers: vec![working, consumer(3, "billing-2", vec![assigned(&parts[2], 40, 40, 0)])],
        },
        GroupFrame {
            name: "analytics-of-everything".into(),
            state: "PreparingRebalance".into(),
            generation: 0,
            coordinator: None,
            assignor: None,
            committed: Vec::new(),
            consumers: vec![consumer(4, "analytics", Vec::new())],
        },
    ];
    frame.messages = vec![
        message(20, NodeId::client(1), NodeId::broker(0), ApiKey::Produce, true, "", &[0, 1, 2, 3, 0, 0], 50),
        message(21, NodeId::broker(0), NodeId::client(2), ApiKey::Fetch, false, "", &[0], 50),
        message(22, NodeId::client(4), NodeId::broker(2), ApiKey::JoinGroup, true, "", &[], 40),
        message(23, NodeId::broker(2), NodeId::controller(100), ApiKey::AlterPartition, true, "", &[], 70),
        message(24, NodeId::controller(101), NodeId::controller(100), ApiKey::Fetch, true, "@57", &[], 50),
    ];
    frame
}

/// Whole numbers by chance, the same for the same seed.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

/// Any frame that could be.
pub fn any(seed: u64) -> Frame {
    let chance = &mut Chance::new(seed);
    let mut frame = login();
    let brokers = 1 + chance.below(5) as i32;
    let copies = 1 + chance.below(3.min(brokers as u64)) as i32;
    let topic = ["user-events", "a", "orders.from-every-shop-in-europe-and-elsewhere", "__consumer_offsets"]
        [chance.below(4) as usize];
    let parts: Vec<TopicPartition> = (0..1 + chance.below(6) as i32).map(|number| partition(topic, number)).collect();
    let lives = [Life::Running, Life::Running, Life::Running, Life::Paused, Life::Down];
    frame.controllers =
        controllers([1, 3, 5][chance.below(3) as usize], chance.below(5) as i32, 1 + chance.below(2_000) as i32);
    for controller in &mut frame.controllers {
        controller.life = lives[chance.below(5) as usize];
    }
    frame.partitions.clear();
    frame.brokers = (0..brokers).map(|id| broker(id, Vec::new())).collect();
    for (number, of) in parts.iter().enumerate() {
        let start = [0, 0, 17, 99_000][chance.below(4) as usize];
        let end = start + [0, 1, 3, 44, 9_000, 1_234_567][chance.below(6) as usize];
        let hw = start + chance.below((end - start + 1) as u64) as Offset;
        let epoch = chance.below(9) as i32;
        let on: Vec<i32> = (0..copies).map(|copy| (number as i32 + copy) % brokers).collect();
        for (index, id) in on.iter().enumerate() {
            let leads = index == 0;
            let leo = if leads { end } else { start + chance.below((end - start + 1) as u64) as Offset };
            let role = if leads { Role::Leader } else { Role::Follower };
            let mut copy = replica(of, role, start, hw.min(leo), leo, epoch, (end - 3).max(start));
            if leads {
                copy.isr = on.iter().take(1 + chance.below(on.len() as u64) as usize).copied().map(BrokerId).collect();
                let waiting = |count: u64| -> Vec<WaitingRequest> {
                    (0..count).map(|_| WaitingRequest { from: NodeId::client(2), offset: end, due_us: 9 }).collect()
                };
                copy.waiting_produces = waiting(chance.below(3));
                copy.waiting_fetches = waiting(chance.below(3));
            }
            if chance.below(4) == 0 {
                copy.cells.iter_mut().rev().take(2).for_each(|cell| cell.diverges = true);
            }
            frame.brokers[*id as usize].replicas.push(copy);
        }
        frame.partitions.push(registration(of, on[0], epoch, &on, &on[..1 + chance.below(on.len() as u64) as usize]));
    }
    for broker in &mut frame.brokers {
        broker.life = lives[chance.below(5) as usize];
        broker.fenced = chance.below(4) == 0;
        broker.rack = (chance.below(2) == 0).then(|| "eu-central-1a".into());
    }
    let names = ["p", "producer-1", "checkout-service-with-a-very-long-name"];
    frame.producers =
        (0..chance.below(4) as u32).map(|id| producer(10 + id, names[chance.below(3) as usize])).collect();
    for producer in &mut frame.producers {
        producer.life = lives[chance.below(5) as usize];
        producer.acks = [Acks::None, Acks::Leader, Acks::All][chance.below(3) as usize];
        if chance.below(2) == 0 {
            producer.in_flight = vec![batch(&parts[0], &[0, 3])];
        }
        if chance.below(2) == 0 {
            producer.buffered = vec![batch(&parts[0], &[1, 2, 3, 4, 5])];
        }
        let outcome = match chance.below(4) {
            0 => SendOutcome::Acknowledged(chance.below(2_000_000) as Offset),
            1 => SendOutcome::Acknowledged(-1),
            2 => SendOutcome::NotWritten("NOT_ENOUGH_REPLICAS".into()),
            _ => SendOutcome::InDoubt("REQUEST_TIMED_OUT".into()),
        };
        producer.results = vec![SendResult { partition: None, outcome }];
        frame.timers.push(TimerFrame {
            node: NodeId::Client(producer.id),
            kind: TimerKind::RetryBackoff,
            from_us: 0,
            due_us: 9_000,
        });
    }
    frame.tools = (0..chance.below(2) as u32).map(|id| ToolFrame { id: ClientId(id), name: "admin".into() }).collect();
    let mut next = 20;
    frame.groups = (0..chance.below(3))
        .map(|group| {
            let members = 1 + chance.below(if group == 0 { 4 } else { 2 });
            let consumers: Vec<ConsumerFrame> = (0..members)
                .map(|member| {
                    next += 1;
                    let own: Vec<AssignedFrame> = parts
                        .iter()
                        .skip(member as usize)
                        .step_by(members as usize)
                        .map(|of| assigned(of, chance.below(2_000) as Offset, chance.below(2_000) as Offset, 3))
                        .collect();
                    let mut one =
                        consumer(next, ["c", "consumer-1", "analytics-of-everything-1"][chance.below(3) as usize], own);
                    one.life = lives[chance.below(5) as usize];
                    if chance.below(2) == 0 {
                        one.processing = Some(ProcessingFrame {
                            partition: parts[0].clone(),
                            offset: 1_202_000,
                            mark: None,
                            from_us: 2_000,
                            due_us: 3_000,
                        });
                    }
                    one
                })
                .collect();
            GroupFrame {
                name: ["login-service", "a-group-whose-name-does-not-end-soon"][chance.below(2) as usize].into(),
                state: ["Stable", "CompletingRebalance", ""][chance.below(3) as usize].into(),
                generation: chance.below(300) as i32,
                coordinator: (chance.below(2) == 0).then_some(BrokerId(0)),
                assignor: None,
                committed: vec![(parts[0].clone(), chance.below(60) as Offset)],
                consumers,
            }
        })
        .collect();
    let mut nodes: Vec<NodeId> = frame.brokers.iter().map(|broker| NodeId::Broker(broker.id)).collect();
    nodes.extend(frame.controllers.iter().map(|controller| NodeId::Controller(controller.id)));
    nodes.extend(frame.producers.iter().map(|producer| NodeId::Client(producer.id)));
    nodes.extend(frame.groups.iter().flat_map(|group| group.consumers.iter().map(|one| NodeId::Client(one.id))));
    let apis = [ApiKey::Produce, ApiKey::Fetch, ApiKey::BrokerHeartbeat, ApiKey::IncrementalAlterConfigs];
    frame.messages = (0..chance.below(30))
        .filter_map(|id| {
            let (from, to) =
                (nodes[chance.below(nodes.len() as u64) as usize], nodes[chance.below(nodes.len() as u64) as usize]);
            let client = |node| matches!(node, NodeId::Client(_));
            // Clients talk to brokers only.
            let broker = |node| matches!(node, NodeId::Broker(_));
            if from == to || (client(from) && !broker(to)) || (client(to) && !broker(from)) {
                return None;
            }
            let api = apis[chance.below(4) as usize];
            let marks: &[u8] = if api == ApiKey::Produce { &[0, 1, 2, 3, 4] } else { &[] };
            let words = ["", "@1204", "NOT_LEADER_OR_FOLLOWER"][chance.below(3) as usize];
            Some(message(id, from, to, api, chance.below(2) == 0, words, marks, chance.below(100)))
        })
        .collect();
    if nodes.len() > 1 {
        frame.cut_links = vec![CutLink { from: nodes[0], to: nodes[1], both_ways: chance.below(2) == 0 }];
        let mut some = || nodes[chance.below(nodes.len() as u64) as usize];
        frame.bad_machines = vec![MachineFrame {
            node: some(),
            disk_latency_us: 30_000,
            disk_is_full: false,
            clock_skew_ms: -86_400_000,
        }];
        let (from, to) = (nodes[0], nodes[nodes.len() - 1]);
        frame.bad_links = vec![BadLinkFrame { from, to, slower_us: 1_000, loss_ppm: 10_000 }];
    }
    frame
}
