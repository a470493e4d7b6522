//! The training loop.

use std::path::Path;

use everstep_monitored::Ran;
use everstep_session::{Connect, Session};
use everstep_tensor::{ErrorKind, Result, Tensor};

use crate::{MonitoredTrainingSession, TrainOptions};

/// Runs `train_op` until a hook asks for the end, an input is used up or something fails; returns its last value, by
/// convention the loss, or `None` if nothing ran.
///
/// The chief restores the newest checkpoint in `logdir` or initialises the model, writes checkpoints and events there,
/// and saves the last step. A training that is finished already runs not one step more. Its hooks run in the order
/// chief-only hooks, step counter, summaries, checkpoints, the caller's.
///
/// This is TensorFlow's `tf.contrib.training.train`; what differs is listed in `docs/differences.md`.
///
/// # Errors
/// `InvalidArgument` for parameters that make no sense, before anything is created; what the engine, a hook, the saver
/// or the event sink returns. The last save that was made stays.
pub fn train<'a, C>(
    connect: C,
    train_op: <C::Session as Session>::Fetch,
    logdir: Option<&Path>,
    options: TrainOptions<'a, C::Session>,
) -> Result<Option<Tensor>>
where
    C: Connect + 'a,
    C::Session: 'a,
{
    options.check_place(logdir)?;
    let stop = options.stop.clone();
    let session = match MonitoredTrainingSession::begin(connect, logdir, options) {
        // Whoever asked for the end while the model was waited for gets it: nothing ran.
        Err(error) if error.kind() == ErrorKind::Cancelled && stop.is_requested() => {
            log::info!("{error}");
            return Ok(None);
        }
        begun => begun?,
    };
    let mut loss: Option<Tensor> = None;
    session.scope(|session| {
        loop {
            match session.run(std::slice::from_ref(&train_op), &[])? {
                // A copy of the value, so that the engine may write the next one in place.
                Ran::Values(values) => match (&mut loss, values) {
                    (Some(loss), [value]) => loss.copy_from(value)?,
                    (loss, values) => *loss = values.first().cloned(),
                },
                Ran::Undone(_) | Ran::AppliedUnseen => {}
                Ran::Stopped => return Ok(()),
            }
        }
    })?;
    Ok(loss)
}
