//! Predictions: what comes next, asked before it comes. The right answer is read off the run itself.

use serde::{Deserialize, Serialize};

use super::beat::BeatKind;
use super::director::Idea;
use super::parameters::Parameters;
use crate::timeline::Mark;

/// How the right answer is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionKind {
    /// `leader`, `in_sync` or `nobody`: after whose append the producer has its answer.
    WhoMustHaveIt,
    /// The broker that is elected, by its id, or `none`.
    NextLeader,
    /// `lost` or `kept`: whether the new leader has what was acknowledged.
    LostOrKept,
    /// How many records are processed twice, as a number.
    ProcessedTwice,
}

/// The choice that the run proves right; None: the run has not got that far.
pub fn right_answer(
    kind: PredictionKind,
    parameters: &Parameters,
    ideas: &[Mark<std::rc::Rc<Idea>>],
    from: usize,
) -> Option<String> {
    let later = || ideas.get(from..).into_iter().flatten().map(|mark| &mark.mark);
    match kind {
        PredictionKind::WhoMustHaveIt => {
            let answer = later().find(|idea| idea.has(BeatKind::Acknowledged))?;
            let measured = &answer.measured;
            let waited = measured.committed_in_log.is_some() && parameters.replication_factor > 1;
            let choice = match parameters.acks.as_str() {
                "0" => "nobody",
                "all" if waited => "in_sync",
                _ => "leader",
            };
            Some(choice.to_string())
        }
        PredictionKind::NextLeader => {
            let elected = later().find(|idea| idea.has(BeatKind::LeaderElected))?;
            elected.fields.get("leader").cloned()
        }
        PredictionKind::LostOrKept => {
            let last = later().find(|idea| idea.has(BeatKind::BecameLeader))?;
            Some(if last.lost > 0 { "lost" } else { "kept" }.into())
        }
        PredictionKind::ProcessedTwice => {
            let end = later().next_back()?;
            Some(end.twice.to_string())
        }
    }
}
