//! A DNS server on loopback that knows what a test tells it, over UDP.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Largest question over UDP (RFC 6891 asks for no more of anybody).
const DATAGRAM_MAX: usize = 4096;
const TTL_SECONDS: u32 = 1;

/// A running DNS server, asked by recursive questions like a provider's resolver. Dropping it ends it.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    _stop: DropGuard,
}

#[derive(Debug, Default)]
struct Zone {
    records: HashMap<Name, Vec<RData>>,
    broken: bool,
}

impl DnsServer {
    /// Starts one that knows no name.
    pub async fn start() -> anyhow::Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let (address, zone) = (socket.local_addr()?, Arc::<Mutex<Zone>>::default());
        let stop = CancellationToken::new();
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(serve(socket, Arc::clone(&zone))),
        );
        Ok(Self {
            address,
            zone,
            _stop: stop.drop_guard(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes `values` the TXT records of a name; without any, the name is gone.
    pub fn set_texts(&self, name: &str, values: &[&str]) -> anyhow::Result<()> {
        let text = |value: &&str| RData::TXT(TXT::new(vec![(*value).to_owned()]));
        self.set(name, values.iter().map(text).collect())
    }

    /// Makes `addresses` those of a name; without any, the name is gone.
    pub fn set_addresses(&self, name: &str, addresses: &[IpAddr]) -> anyhow::Result<()> {
        self.set(
            name,
            addresses.iter().map(|address| RData::from(*address)).collect(),
        )
    }

    /// Answers every question with a failure of the server from now on, or no longer.
    pub fn set_broken(&self, broken: bool) {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner).broken = broken;
    }

    fn set(&self, name: &str, records: Vec<RData>) -> anyhow::Result<()> {
        let name = Name::from_ascii(format!("{name}.")).context("not a name")?;
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.records.insert(name, records);
        Ok(())
    }
}

async fn serve(socket: UdpSocket, zone: Arc<Mutex<Zone>>) {
    let mut buffer = [0; DATAGRAM_MAX];
    while let Ok((length, asker)) = socket.recv_from(&mut buffer).await {
        let Ok(question) = Message::from_vec(&buffer[..length]) else {
            continue;
        };
        let answer = answer(&zone.lock().unwrap_or_else(PoisonError::into_inner), question);
        if let Ok(bytes) = answer.to_vec() {
            // An asker who has gone is none of ours.
            let _ = socket.send_to(&bytes, asker).await;
        }
    }
}

fn answer(zone: &Zone, question: Message) -> Message {
    let queries = question.queries.clone();
    let mut message = question.into_response();
    message.metadata.recursion_available = true;
    message.edns = None;
    if zone.broken {
        message.metadata.response_code = ResponseCode::ServFail;
        return message;
    }
    for query in queries {
        let known = zone
            .records
            .get(query.name())
            .filter(|records| !records.is_empty());
        let Some(records) = known else {
            message.metadata.response_code = ResponseCode::NXDomain;
            continue;
        };
        let asked = records.iter().filter(|record| fits(record, query.query_type()));
        message.add_answers(
            asked.map(|data| Record::from_rdata(query.name().clone(), TTL_SECONDS, data.clone())),
        );
    }
    message
}

fn fits(record: &RData, asked: RecordType) -> bool {
    record.record_type() == asked
}
