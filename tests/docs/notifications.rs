//! contrib/notify: the message for each receiver of changes, from `slo compute` to a local HTTP server.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{World, repository};

/// The time limit of a request.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that answers this many requests, each on a connection of its own, and returns their paths and bodies.
fn receiver(requests: usize) -> (String, thread::JoinHandle<Vec<(String, Value)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let received = move || -> Vec<(String, Value)> {
        let began = Instant::now();
        let one = |_| {
            let mut stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(error) => {
                        assert!(error.kind() == ErrorKind::WouldBlock && began.elapsed() < PATIENCE, "{error}");
                    }
                }
                thread::sleep(Duration::from_millis(5));
            };
            stream.set_nonblocking(false).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            reader.read_line(&mut line).unwrap();
            let path = line.split(' ').nth(1).unwrap().to_owned();
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).unwrap();
                let header = header.trim().to_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if header.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            (path, serde_json::from_slice(&body).unwrap())
        };
        (0..requests).map(one).collect()
    };
    (address, thread::spawn(received))
}

/// Whether the programs that the script needs are installed.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn can_run() -> bool {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success());
    let missing: Vec<&str> = ["curl", "jq"].into_iter().filter(|program| !there(program)).collect();
    if !missing.is_empty() {
        eprintln!("skipped: there is no {}", missing.join(" and no "));
    }
    missing.is_empty()
}

/// The demo, computed two days ago: since then, an objective went down, another became at risk, a system degraded, and
/// another was unhealthy for some minutes.
fn two_days_ago() -> World {
    let world = World::new();
    world.stdout(&["compute", "--as-of", "2026-11-18T14:05:00Z"]);
    world
}

fn notify(world: &World, receiver: &str, env: &[(&str, &str)]) {
    let exec = format!("sh {} {receiver}", repository("contrib/notify/slo-notify").display());
    let mut command = world.command(&["compute", "-q", "--exec-name", receiver, "--exec", &exec]);
    let output = command.envs(env.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{receiver}: {}", String::from_utf8_lossy(&output.stderr));
}

const DOWN: &str = "objective mail-delivery: healthy → down; budget ok → warning; fast burn";
const AT_RISK: &str = "objective checkout-payment: healthy → at-risk; budget ok → critical";
const DEGRADED: &str = "system mail: healthy → degraded";
const UNHEALTHY: &str = "system checkout: healthy → unhealthy";
const WELL: &str = "system checkout: unhealthy → healthy";

#[test]
fn chats_get_every_change_in_words() {
    if !can_run() {
        return;
    }
    let (address, received) = receiver(5);
    notify(&two_days_ago(), "slack", &[("SLACK_WEBHOOK_URL", &format!("{address}/services/x"))]);
    let mut texts: Vec<String> = Vec::new();
    for (path, body) in received.join().unwrap() {
        assert_eq!(path, "/services/x");
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        texts.push(body["text"].as_str().unwrap().to_owned());
    }
    texts.sort();
    let said = |sign: &str, words: &str| {
        texts.iter().any(|text| text.starts_with(&format!(":{sign}_circle: {words} (2026-11-20T")))
    };
    assert!(said("red", DOWN) && said("large_green", AT_RISK) && said("red", DEGRADED), "{texts:?}");
    assert!(texts.contains(&format!(":large_green_circle: {WELL} (2026-11-18T16:41:30.000Z)")), "{texts:?}");

    let (address, received) = receiver(5);
    notify(&two_days_ago(), "teams", &[("TEAMS_WEBHOOK_URL", &address)]);
    for (_, body) in received.join().unwrap() {
        assert_eq!(body["type"], "message");
        let card = &body["attachments"][0];
        assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
        assert_eq!((&card["content"]["type"], &card["content"]["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
        let text = card["content"]["body"][0]["text"].as_str().unwrap();
        assert!([DOWN, AT_RISK, DEGRADED, UNHEALTHY, WELL].contains(&text), "{text}");
    }
}

#[test]
fn pagers_get_what_is_bad() {
    if !can_run() {
        return;
    }
    let (address, received) = receiver(4);
    let env = [("PAGERDUTY_ROUTING_KEY", "R0UTE"), ("PAGERDUTY_URL", &*address)];
    notify(&two_days_ago(), "pagerduty", &env);
    let events = received.join().unwrap();
    let event = events.iter().map(|(_, body)| body).find(|body| body["payload"]["class"] == "objective").unwrap();
    assert_eq!((&event["routing_key"], &event["event_action"]), (&json!("R0UTE"), &json!("trigger")));
    assert_eq!(event["dedup_key"], "slo objective mail-delivery");
    let payload = &event["payload"];
    assert_eq!((&payload["summary"], &payload["source"]), (&json!(DOWN), &json!("mail-delivery")));
    assert_eq!((&payload["severity"], &payload["timestamp"]), (&json!("critical"), &json!("2026-11-20T14:05:00.000Z")));
    assert_eq!(payload["custom_details"]["next"]["state"], "down");

    let (address, received) = receiver(4);
    notify(&two_days_ago(), "alertmanager", &[("ALERTMANAGER_URL", &*address)]);
    let alerts = received.join().unwrap();
    assert!(alerts.iter().all(|(path, _)| path == "/api/v2/alerts"));
    let alert = alerts.iter().map(|(_, body)| &body[0]).find(|alert| alert["labels"]["kind"] == "objective").unwrap();
    assert_eq!(alert["labels"], json!({ "alertname": "slo objective", "id": "mail-delivery", "kind": "objective" }));
    assert_eq!(alert["annotations"], json!({ "summary": DOWN }));
    assert_eq!(
        (&alert["startsAt"], &alert["endsAt"]),
        (&json!("2026-11-20T14:05:00.000Z"), &json!("2027-11-20T14:05:00Z"))
    );
}

#[test]
fn what_is_over_is_resolved_under_the_same_key() {
    if !can_run() {
        return;
    }
    let world = two_days_ago();
    let (address, received) = receiver(6);
    let env = [("PAGERDUTY_ROUTING_KEY", "R0UTE"), ("PAGERDUTY_URL", &*address)];
    notify(&world, "pagerduty", &env);
    let line = "{\"ts\":\"2026-11-20T14:06:00Z\",\"system\":\"mail\",\"check\":\"queue\",\"status\":\"healthy\"}\n";
    let checks = world.path().join("up.jsonl");
    std::fs::write(&checks, up(&world, line)).unwrap();
    let later = [("SLO_AS_OF", "2026-11-20T14:10:00Z")];
    let ingested = world.command(&["ingest", checks.to_str().unwrap()]).envs(later).output().unwrap();
    assert!(ingested.status.success(), "{ingested:?}");
    notify(&world, "pagerduty", &[&env[..], &later[..]].concat());
    let events = received.join().unwrap();
    let of = |action: &str| {
        let mut keys: Vec<String> = events
            .iter()
            .filter(|(_, body)| body["event_action"] == action)
            .map(|(_, body)| body["dedup_key"].as_str().unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(of("trigger"), ["slo objective mail-delivery", "slo system checkout", "slo system mail"]);
    assert_eq!(of("resolve"), of("trigger"));
}

/// A healthy fact for each stream of `mail`, like the given line.
fn up(world: &World, line: &str) -> String {
    let history: Value =
        serde_json::from_str(&world.stdout(&["history", "mail", "--since", "90d", "-o", "json"])).unwrap();
    let mut lines = String::new();
    for row in history["transitions"].as_array().unwrap() {
        let mut fact: Value = serde_json::from_str(line).unwrap();
        for field in ["source", "check", "location"] {
            fact[field] = row[field].clone();
        }
        fact.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        lines.push_str(&format!("{fact}\n"));
    }
    lines
}

#[test]
fn mail_goes_to_sendmail() {
    if !can_run() {
        return;
    }
    let world = two_days_ago();
    let fake = world.path().join("sendmail");
    std::fs::write(&fake, "#!/bin/sh\n[ \"$1\" = -t ] && cat >> mails && echo ---- >> mails\n").unwrap();
    let made = Command::new("chmod").args(["+x", fake.to_str().unwrap()]).status().unwrap();
    assert!(made.success());
    notify(&world, "mail", &[("SLO_MAIL_TO", "oncall@example.com"), ("SENDMAIL", fake.to_str().unwrap())]);
    let mails = std::fs::read_to_string(world.path().join("mails")).unwrap();
    assert_eq!(mails.matches("----\n").count(), 5, "{mails}");
    assert!(mails.contains(&format!("To: oncall@example.com\nSubject: {}\n", DOWN.replace('→', "->"))), "{mails}");
}

#[test]
fn what_is_not_set_is_said_and_the_change_is_sent_again() {
    if !can_run() {
        return;
    }
    let world = two_days_ago();
    let exec = format!("sh {} slack", repository("contrib/notify/slo-notify").display());
    let output = world.slo(&["compute", "-q", "--exec-name", "slack", "--exec", &exec]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("SLACK_WEBHOOK_URL: is not set"), "{text}");
    let (address, received) = receiver(5);
    notify(&world, "slack", &[("SLACK_WEBHOOK_URL", &address)]);
    assert_eq!(received.join().unwrap().len(), 5);
}
