//! What TensorBoard's plugins of pictures, sounds, curves and meshes keep with a tag: their `plugin_data.proto`.

use prost::{Enumeration, Message};

/// Of pictures.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ImagePluginData {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
}

/// Of sounds.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AudioPluginData {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The format of the files.
    #[prost(enumeration = "AudioEncoding", tag = "2")]
    pub encoding: i32,
}

/// The format of sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum AudioEncoding {
    /// Not said.
    Unknown = 0,
    /// WAV.
    Wav = 11,
}

/// Of precision-recall curves.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct PrCurvePluginData {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// How many thresholds there are.
    #[prost(uint32, tag = "2")]
    pub num_thresholds: u32,
}

/// Of a part of a mesh.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MeshPluginData {
    /// The version of this format: 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The tag of the whole mesh.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Which part it is.
    #[prost(enumeration = "MeshContent", tag = "3")]
    pub content_type: i32,
    /// The scene, in the terms of three.js.
    #[prost(string, tag = "5")]
    pub json_config: String,
    /// The shape of the tensor: 1, number, 3.
    #[prost(int32, repeated, tag = "6")]
    pub shape: Vec<i32>,
    /// Which parts there are: the bit of each `MeshContent` is set.
    #[prost(uint32, tag = "7")]
    pub components: u32,
}

/// A part of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum MeshContent {
    /// Not said.
    Undefined = 0,
    /// Its points.
    Vertex = 1,
    /// Its triangles.
    Face = 2,
    /// The colours of its points.
    Color = 3,
}
