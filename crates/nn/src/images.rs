//! What layers of images ask of their input.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::layer::refused;

/// The number of channels of images `[batch, height, width, channels]`.
pub(crate) fn channels(graph: &Graph, images: Output) -> Result<usize> {
    match *graph.type_of(images)?.shape {
        [_, _, _, Some(channels)] => Ok(channels),
        _ => Err(refused(graph, images, "images [batch, height, width, channels], channels known")),
    }
}

/// Height, width and channels of images `[batch, height, width, channels]`.
pub(crate) fn size(graph: &Graph, images: Output) -> Result<[usize; 3]> {
    match *graph.type_of(images)?.shape {
        [_, Some(height), Some(width), Some(channels)] => Ok([height, width, channels]),
        _ => Err(refused(graph, images, "images [batch, height, width, channels], all but the batch known")),
    }
}
