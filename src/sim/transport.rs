//! How messages get from one process to another.

use std::rc::Rc;

use super::event::{EventId, EventKind};
use super::network::{ConnectionId, InService, Message, MessageBody, MessageId, Transit, TransitState};
use super::process::{ProcessStatus, Unread};
use super::world::{Next, World};
use crate::kafka::effects::{Channel, Input, RequestId};
use crate::kafka::ids::{NodeId, SimTime};
use crate::kafka::protocol::{Request, Response};

impl World {
    #[allow(clippy::too_many_arguments, reason = "the parts of one message")]
    pub(super) fn send_request(
        &mut self,
        from: NodeId,
        to: NodeId,
        channel: Channel,
        correlation: u32,
        request: Request,
        after_us: u64,
        cause: EventId,
    ) -> EventId {
        let connection = ConnectionId { requester: from, server: to, channel };
        let entry = self.connections.entry(connection).or_default();
        entry.open = true;
        let generation = entry.generation;
        self.put_on_the_wire(connection, generation, correlation, MessageBody::Request(request), after_us, cause)
    }

    /// Ends the service of a request, with an answer or without. None: nobody waits for the answer any more.
    pub(super) fn send_response(
        &mut self,
        request: RequestId,
        response: Option<(Response, u64)>,
        cause: EventId,
    ) -> Option<EventId> {
        let InService { connection, generation, correlation } = self.in_service.remove(&request)?;
        let entry = self.connections.get_mut(&connection)?;
        if entry.generation != generation {
            return None;
        }
        entry.in_service = None;
        let sent = response.map(|(response, after_us)| {
            self.put_on_the_wire(connection, generation, correlation, MessageBody::Response(response), after_us, cause)
        });
        // The channel is not muted any more: the server reads the next request.
        let now = self.now;
        if let Some(message) = self.connections.get_mut(&connection).and_then(|entry| entry.waiting.pop_front()) {
            self.travel(message, now);
        }
        sent
    }

    /// The server closes the connection instead of answering.
    pub(super) fn refuse(&mut self, request: RequestId, cause: EventId) {
        if let Some(InService { connection, generation, .. }) = self.in_service.remove(&request)
            && self.connections.get(&connection).is_some_and(|entry| entry.generation == generation)
        {
            self.break_connection(connection, cause);
        }
    }

    fn put_on_the_wire(
        &mut self,
        connection: ConnectionId,
        generation: u32,
        correlation: u32,
        body: MessageBody,
        after_us: u64,
        cause: EventId,
    ) -> EventId {
        let is_request = matches!(body, MessageBody::Request(_));
        let (from, to) = match is_request {
            true => (connection.requester, connection.server),
            false => (connection.server, connection.requester),
        };
        let id = MessageId(self.next_message);
        self.next_message += 1;
        let message = Message { id, from, to, connection, generation, correlation, body, sent_at: self.now };
        let mut travel_us = self.latency_us(message.size_bytes());
        let (mut retransmissions, mut is_given_up) = (0, false);
        if let Some(quality) = self.link_quality(from, to) {
            let passage = self.passage(quality);
            travel_us += passage.delay_us;
            (retransmissions, is_given_up) = (passage.retransmissions, passage.is_given_up);
        }
        let message = Rc::new(message);
        let sent_event = self.record(Some(from), Some(cause), EventKind::MessageSent(message.clone()));
        let departs_at = self.now.plus_us(after_us);
        let mut due_at = departs_at.plus_us(travel_us);
        if let Some(entry) = self.connections.get_mut(&connection) {
            let lane = entry.lane(is_request);
            due_at = due_at.max(lane.floor);
            lane.floor = due_at;
        }
        let transit = Transit {
            message,
            state: TransitState::Travelling,
            departs_at,
            due_at,
            retransmissions,
            is_given_up,
            queued: None,
            sent_event,
        };
        self.transits.insert(id, transit);
        self.travel(id, due_at);
        sent_event
    }

    fn latency_us(&mut self, size_bytes: u64) -> u64 {
        let network = self.spec().network;
        network.latency_us
            + self.network_random.below(network.jitter_us + 1)
            + size_bytes.checked_div(network.bytes_per_us).unwrap_or(0)
    }

    /// Lets a message arrive at `due_at`.
    pub(super) fn travel(&mut self, id: MessageId, due_at: SimTime) {
        let key = self.enqueue(due_at, Next::Deliver(id));
        if let Some(transit) = self.transits.get_mut(&id) {
            transit.state = TransitState::Travelling;
            transit.due_at = due_at;
            transit.queued = Some(key);
        }
    }

    /// A message has come to the end of its link.
    pub(super) fn deliver(&mut self, id: MessageId) {
        let Some(transit) = self.transits.get_mut(&id) else { return };
        transit.queued = None;
        let message = transit.message.clone();
        if transit.is_given_up {
            self.give_up(id, message.connection, message.generation);
            return;
        }
        let cut = self.is_cut(message.from, message.to);
        let entry = self.connections.entry(message.connection).or_default();
        let current = entry.generation == message.generation;
        let lane = entry.lane(message.is_request());
        if current && (cut || lane.stalled.first().is_some_and(|first| *first < id)) {
            lane.stalled.insert(id);
            self.set_transit_state(id, TransitState::Stalled);
            return;
        }
        if cut {
            // What a closed connection had sent, and cannot send again.
            self.lose(id);
            return;
        }
        self.arrive(id);
    }

    pub(super) fn set_transit_state(&mut self, id: MessageId, state: TransitState) {
        if let Some(transit) = self.transits.get_mut(&id) {
            transit.state = state;
        }
    }

    /// A message has reached its receiver's machine.
    pub(super) fn arrive(&mut self, id: MessageId) {
        let Some(transit) = self.transits.get(&id) else { return };
        let message = transit.message.clone();
        match self.process(message.to).map(|process| process.status) {
            None | Some(ProcessStatus::Down) => {
                let event = self.lose(id);
                let current = self.connections.get(&message.connection).map(|entry| entry.generation);
                if message.is_request() && current == Some(message.generation) {
                    self.break_connection(message.connection, event);
                }
            }
            Some(ProcessStatus::Paused) => {
                self.set_transit_state(id, TransitState::AtReceiver);
                if let Some(process) = self.processes.get_mut(&message.to) {
                    process.unread.push_back(Unread::Message(id));
                }
            }
            Some(ProcessStatus::Running) if message.is_request() => self.serve(id, &message),
            Some(ProcessStatus::Running) => self.hand_over_response(id, &message),
        }
    }

    fn serve(&mut self, id: MessageId, message: &Rc<Message>) {
        let MessageBody::Request(request) = &message.body else { return };
        let entry = self.connections.entry(message.connection).or_default();
        if entry.generation == message.generation {
            if entry.in_service.is_some() {
                entry.waiting.push_back(id);
                self.set_transit_state(id, TransitState::AtReceiver);
                return;
            }
            entry.in_service = Some(message.request_id());
        }
        let service = InService {
            connection: message.connection,
            generation: message.generation,
            correlation: message.correlation,
        };
        self.in_service.insert(message.request_id(), service);
        let Some(transit) = self.transits.remove(&id) else { return };
        let root =
            self.record(Some(message.to), Some(transit.sent_event), EventKind::MessageDelivered(message.clone()));
        let input = Input::Request {
            id: message.request_id(),
            from: message.from,
            channel: message.connection.channel,
            request: request.clone(),
        };
        self.dispatch(message.to, root, input);
    }

    /// A process that hung reads what had reached its machine meanwhile. An answer is still good if its connection
    /// has ended since: the news of that lies behind it.
    pub(super) fn read_late(&mut self, id: MessageId) {
        match self.transits.get(&id).map(|transit| transit.message.clone()) {
            Some(message) if !message.is_request() && self.is_running(message.to) => self.hand_over(id, &message),
            _ => self.arrive(id),
        }
    }

    fn hand_over_response(&mut self, id: MessageId, message: &Rc<Message>) {
        if self.connections.get(&message.connection).is_none_or(|entry| entry.generation != message.generation) {
            self.lose(id);
            return;
        }
        self.hand_over(id, message);
    }

    fn hand_over(&mut self, id: MessageId, message: &Rc<Message>) {
        let MessageBody::Response(response) = &message.body else { return };
        let Some(transit) = self.transits.remove(&id) else { return };
        let root =
            self.record(Some(message.to), Some(transit.sent_event), EventKind::MessageDelivered(message.clone()));
        let input = Input::Response {
            from: message.from,
            channel: message.connection.channel,
            correlation: message.correlation,
            response: response.clone(),
        };
        self.dispatch(message.to, root, input);
    }

    /// The message is gone.
    pub(super) fn lose(&mut self, id: MessageId) -> EventId {
        let Some(transit) = self.transits.remove(&id) else { return self.event_count() };
        if let Some(key) = transit.queued {
            self.queue.remove(&key);
        }
        self.record(None, Some(transit.sent_event), EventKind::MessageDropped(transit.message))
    }

    /// The requester closes its connection. What it has sent may still arrive; no answer will.
    pub(super) fn close_connection(&mut self, connection: ConnectionId) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        let waiting = std::mem::take(&mut entry.waiting);
        let stalled = std::mem::take(&mut entry.to_server.stalled);
        entry.close();
        for id in waiting {
            self.lose(id);
        }
        for id in stalled {
            self.lose(id);
        }
    }

    /// The connection is reset: all that travels on it is lost, and the requester is told after a latency.
    pub(super) fn break_connection(&mut self, connection: ConnectionId, cause: EventId) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        let generation = entry.generation;
        entry.close();
        let lost: Vec<MessageId> = self
            .transits
            .values()
            .filter(|transit| transit.message.connection == connection && transit.message.generation == generation)
            .map(|transit| transit.message.id)
            .collect();
        for id in lost {
            self.lose(id);
        }
        let told_at = self.now.plus_us(self.spec().network.latency_us);
        self.enqueue(told_at, Next::Break { connection, ends: None, cause });
    }

    /// The requester learns that its connection is gone. `ends`: it was open until now, in this generation.
    pub(super) fn connection_ends(&mut self, connection: ConnectionId, ends: Option<u32>, cause: EventId) {
        if let Some(generation) = ends {
            match self.connections.get_mut(&connection) {
                Some(entry) if entry.generation == generation => entry.close(),
                _ => return,
            }
        }
        self.connection_broken(connection.requester, connection.server, connection.channel, cause);
    }

    pub(super) fn connection_broken(&mut self, requester: NodeId, peer: NodeId, channel: Channel, cause: EventId) {
        match self.process(requester).map(|process| process.status) {
            Some(ProcessStatus::Running) => {
                let root = self.record(Some(requester), Some(cause), EventKind::ConnectionBroken { peer, channel });
                self.dispatch(requester, root, Input::Disconnected { peer, channel });
            }
            Some(ProcessStatus::Paused) => {
                if let Some(process) = self.processes.get_mut(&requester) {
                    process.unread.push_back(Unread::Disconnected { peer, channel, cause });
                }
            }
            Some(ProcessStatus::Down) | None => {}
        }
    }

    /// A process has ended: those who were connected to it learn of it. What it had sent still arrives, before the
    /// news does; what it was about to send does not.
    pub(super) fn break_all_connections(&mut self, node: NodeId, cause: EventId) {
        let now = self.now;
        let unsent = self.transits.values().filter(|transit| transit.message.from == node && transit.departs_at > now);
        let unsent: Vec<MessageId> = unsent.map(|transit| transit.message.id).collect();
        for id in unsent {
            self.lose(id);
        }
        let open: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(id, entry)| entry.open && (id.server == node || id.requester == node))
            .map(|(id, _)| *id)
            .collect();
        self.in_service.retain(|_, service| service.connection.server != node);
        for connection in open {
            if connection.requester == node || self.is_cut(node, connection.requester) {
                // Nobody to tell, or the news cannot pass: the requester's own time-out will find out.
                self.close_connection(connection);
                continue;
            }
            let Some(entry) = self.connections.get_mut(&connection) else { continue };
            let (generation, floor) = (entry.generation, entry.to_requester.floor);
            entry.in_service = None;
            let waiting = std::mem::take(&mut entry.waiting);
            for id in waiting {
                self.lose(id);
            }
            let slower_us = self.link_quality(node, connection.requester).map_or(0, |quality| quality.slower_us);
            let told_at = now.plus_us(self.spec().network.latency_us.saturating_add(slower_us)).max(floor);
            self.enqueue(told_at, Next::Break { connection, ends: Some(generation), cause });
        }
    }

    /// Sends on what stood still on a way, in order, up to the first message that is held by hand.
    pub(super) fn release_lane(&mut self, connection: ConnectionId, is_request: bool) {
        while let Some(entry) = self.connections.get_mut(&connection) {
            let lane = entry.lane(is_request);
            let Some(id) = lane.stalled.first().copied() else { return };
            if self.transits.get(&id).is_some_and(|transit| transit.state == TransitState::Held) {
                return;
            }
            lane.stalled.remove(&id);
            let floor = lane.floor;
            let due_at = self.now.plus_us(self.latency_us(0)).max(floor);
            if let Some(entry) = self.connections.get_mut(&connection) {
                entry.lane(is_request).floor = due_at;
            }
            self.travel(id, due_at);
        }
    }
}
