//! How a window slides over the height and width of images.

use std::fmt;

use everstep_tensor::{Error, ErrorKind, Result};

/// What surrounds an image, so that a window can stand at its border.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Padding {
    /// As much as makes the output `ceil(input / stride)` long; if the amount is odd, there is more after than before.
    Same,
    /// Nothing: every window lies in the image.
    #[default]
    Valid,
    /// So much above and below, and to the left and to the right.
    Explicit([[usize; 2]; 2]),
}

/// TensorFlow's name: `SAME`, `VALID`, `EXPLICIT`.
impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("SAME"),
            Self::Valid => f.write_str("VALID"),
            Self::Explicit(_) => f.write_str("EXPLICIT"),
        }
    }
}

/// A window along one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// How many elements it touches.
    pub(crate) size: usize,
    pub(crate) stride: usize,
    /// The distance of the elements that it touches.
    pub(crate) dilation: usize,
}

impl Padding {
    /// How often the window fits along `axis` (0 is the height) of that length.
    ///
    /// # Errors
    /// `InvalidArgument` if the window does not fit once, or a length exceeds what can be counted.
    pub(crate) fn output_length(self, axis: usize, length: usize, window: Window) -> Result<usize> {
        let [before, after] = match self {
            Self::Same => return Ok(length.div_ceil(window.stride)),
            Self::Valid => [0, 0],
            Self::Explicit(padding) => padding[axis],
        };
        let padded = length.checked_add(before).and_then(|length| length.checked_add(after));
        let room = padded.zip(window.extent()).and_then(|(padded, extent)| padded.checked_sub(extent));
        room.map(|room| room / window.stride + 1).ok_or_else(|| {
            let name = ["height", "width"][axis];
            let message = format!(
                "a window of {} with dilation {} does not fit into {name} {length} with padding {before} and {after}; \
                 pad more, or with SAME",
                window.size, window.dilation
            );
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }

    /// What stands before an image of that length along `axis`.
    pub(crate) fn before(self, axis: usize, length: usize, window: Window) -> usize {
        match self {
            Self::Same => {
                let last = length.div_ceil(window.stride).saturating_sub(1) * window.stride;
                (last + window.extent().unwrap_or(0)).saturating_sub(length) / 2
            }
            Self::Valid => 0,
            Self::Explicit(padding) => padding[axis][0],
        }
    }
}

impl Window {
    /// From the first element that it touches to the last one, both included.
    fn extent(self) -> Option<usize> {
        self.size.checked_sub(1)?.checked_mul(self.dilation)?.checked_add(1)
    }
}

/// # Errors
/// `InvalidArgument` if one of the numbers is 0.
pub(crate) fn check_positive(what: &str, numbers: [usize; 2]) -> Result<()> {
    if numbers.iter().all(|number| *number > 0) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("{what} are {numbers:?}; give numbers of at least 1")))
}

/// The attributes of a window as text, those that differ from the usual.
pub(crate) fn describe(strides: [usize; 2], dilations: [usize; 2], padding: Padding) -> Vec<String> {
    let unless_one = |name: &str, numbers: [usize; 2]| (numbers != [1, 1]).then(|| format!("{name} {numbers:?}"));
    let padding = match padding {
        Padding::Explicit(amounts) => format!("EXPLICIT {amounts:?}"),
        named => named.to_string(),
    };
    [unless_one("strides", strides), unless_one("dilations", dilations), Some(padding)].into_iter().flatten().collect()
}
