//! Everything that a node may wait for. A timer is a key: setting it again moves it.

use serde::{Deserialize, Serialize};

use super::broker::BrokerTimer;
use super::client::consumer::ConsumerTimer;
use super::client::producer::ProducerTimer;
use super::controller::ControllerTimer;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    Broker(BrokerTimer),
    Controller(ControllerTimer),
    Producer(ProducerTimer),
    Consumer(ConsumerTimer),
}

impl From<BrokerTimer> for Timer {
    fn from(timer: BrokerTimer) -> Timer {
        Timer::Broker(timer)
    }
}

impl From<ControllerTimer> for Timer {
    fn from(timer: ControllerTimer) -> Timer {
        Timer::Controller(timer)
    }
}

impl From<ProducerTimer> for Timer {
    fn from(timer: ProducerTimer) -> Timer {
        Timer::Producer(timer)
    }
}

impl From<ConsumerTimer> for Timer {
    fn from(timer: ConsumerTimer) -> Timer {
        Timer::Consumer(timer)
    }
}
