//! Single requests on raw connections, without any client logic: what an administrator's tool or a curious person
//! sends. Answers are kept by ticket until they are read.

use super::call::WireCall;
use crate::kafka::effects::{Channel, Effects, Input};
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::protocol::Response;
use crate::kafka::setup::ClientSetup;
use crate::kafka::sorted::SortedMap;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Pending,
    Response(Box<Response>),
    /// The connection was closed, or could not be made.
    Disconnected,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    pub setup: ClientSetup,
    /// By ticket, with the connection that carries the request.
    answers: SortedMap<u32, (NodeId, Channel, Answer)>,
}

impl Wire {
    pub fn new(setup: ClientSetup) -> Wire {
        Wire { setup, answers: SortedMap::new() }
    }

    pub fn start(&mut self, _now: SimTime, _out: &mut Effects) {}

    pub fn crash(&mut self) {
        self.answers.clear();
    }

    pub fn handle(&mut self, input: Input, _now: SimTime, out: &mut Effects) {
        match input {
            Input::Call(super::call::Call::Wire(WireCall::Send { ticket, to, connection, request })) => {
                let channel = Channel::Wire(connection);
                self.answers.insert(ticket, (to, channel, Answer::Pending));
                out.send(to, channel, ticket, *request);
            }
            Input::Call(super::call::Call::Wire(WireCall::Disconnect { to, connection })) => {
                self.fail_pending(to, Channel::Wire(connection));
                out.disconnect(to, Channel::Wire(connection));
            }
            Input::Response { correlation, response, .. } => {
                if let Some((_, _, answer)) = self.answers.get_mut(&correlation) {
                    *answer = Answer::Response(Box::new(response));
                }
            }
            Input::Disconnected { peer, channel } => self.fail_pending(peer, channel),
            Input::Request { id, .. } => out.refuse_connection(id),
            Input::Timer(_) | Input::Call(_) => {}
        }
    }

    fn fail_pending(&mut self, peer: NodeId, channel: Channel) {
        for (to, through, answer) in self.answers.values_mut() {
            if *to == peer && *through == channel && *answer == Answer::Pending {
                *answer = Answer::Disconnected;
            }
        }
    }

    /// The answer to the request sent under this ticket; None: there is no such ticket.
    pub fn answer(&self, ticket: u32) -> Option<&Answer> {
        self.answers.get(&ticket).map(|(_, _, answer)| answer)
    }
}
