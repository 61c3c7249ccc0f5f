//! Puts the processes of a cluster in their places: controllers, brokers, and clients as they come.

use std::rc::Rc;

use super::event::EventId;
use super::process::{Process, ProcessState};
use super::world::{Next, World};
use crate::kafka::broker::Broker;
use crate::kafka::config::{BrokerConfig, ConfigError, Properties};
use crate::kafka::controller::Controller;
use crate::kafka::ids::{BrokerId, ClientId, ControllerId, NodeId, SimTime};
use crate::kafka::random::Random;
use crate::kafka::setup::{BrokerSetup, ClientSetup, ControllerSetup, Disk, Timing, WallClock};

impl World {
    /// A clock that is right.
    pub(super) fn clock(&self) -> WallClock {
        WallClock::new(self.spec.wall_clock_start_ms)
    }

    pub(super) fn install(&mut self, node: NodeId, name: &str, state: ProcessState) {
        self.processes.insert(node, Process::new(name.into(), state));
    }

    pub(super) fn install_controllers(&mut self) -> Result<(), ConfigError> {
        let config = Rc::new(BrokerConfig::from_properties(&self.spec.config)?);
        let voters: Rc<[ControllerId]> = (0..self.spec.controllers as i32).map(|i| ControllerId(100 + i)).collect();
        for id in voters.iter().copied() {
            let setup = ControllerSetup {
                id,
                config: config.clone(),
                properties: Rc::new(self.spec.config.clone()),
                voters: voters.clone(),
                eligible_leader_replicas: self.spec.eligible_leader_replicas,
                clock: self.clock(),
                timing: Timing::default(),
                disk: Disk::default(),
                random: Random::stream(self.seed, 1_000 + id.0 as u64),
            };
            let node = NodeId::Controller(id);
            self.install(node, &id.to_string(), ProcessState::Controller(Rc::new(Controller::new(setup))));
            self.enqueue(SimTime::ZERO, Next::Start(node));
        }
        Ok(())
    }

    pub(super) fn install_brokers(&mut self) -> Result<(), ConfigError> {
        let spec = self.spec.clone();
        let controllers: Rc<[ControllerId]> = (0..spec.controllers as i32).map(|i| ControllerId(100 + i)).collect();
        for broker in &spec.brokers {
            let mut properties: Properties = spec.config.clone();
            properties.extend(broker.config.clone());
            let setup = BrokerSetup {
                id: BrokerId(broker.id),
                rack: broker.rack.clone(),
                config: Rc::new(BrokerConfig::from_properties(&properties)?),
                properties: Rc::new(properties),
                controllers: controllers.clone(),
                clock: self.clock(),
                timing: Timing::default(),
                disk: Disk::default(),
                truncation: spec.truncation,
                random: Random::stream(self.seed, 2_000 + broker.id as u64),
            };
            let node = NodeId::broker(broker.id);
            self.install(node, &broker.id.to_string(), ProcessState::Broker(Rc::new(Broker::new(setup))));
            if !broker.not_started {
                self.enqueue(SimTime::ZERO, Next::Start(node));
            }
        }
        Ok(())
    }

    /// The setup of the next client; its number is taken with that.
    pub(super) fn next_client_setup(&mut self, name: &str) -> ClientSetup {
        let id = ClientId(self.next_client);
        self.next_client += 1;
        ClientSetup {
            id,
            name: name.into(),
            bootstrap: self.spec.brokers.iter().map(|broker| BrokerId(broker.id)).collect(),
            clock: self.clock(),
            timing: Timing::default(),
            random: Random::stream(self.seed, 10_000 + u64::from(id.0)),
        }
    }

    pub(super) fn install_client(&mut self, id: ClientId, name: &str, state: ProcessState, cause: EventId) {
        let node = NodeId::Client(id);
        self.install(node, name, state);
        self.start_process(node, Some(cause));
    }
}
