//! Meshes: a value for each of points, triangles and colours, whose tags begin with that of the mesh.

use everstep_event::{Elements, Mesh};
use everstep_proto::{
    Message,
    plugin_data::{MeshContent, MeshPluginData},
    summary::{DataClass, Value},
    tensor::TensorProto,
    types::DataType,
};

pub(crate) const PLUGIN: &str = "mesh";

pub(crate) fn values(tag: &str, mesh: &Mesh) -> Vec<Value> {
    let numbers = |count: usize, dtype, bytes| super::numbers(dtype, [1, count as u64, 3], bytes);
    let (vertices, faces, colors) = (mesh.vertices(), mesh.faces(), mesh.colors());
    let vertex_bytes = vertices.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let face_bytes = faces.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let parts = [
        (MeshContent::Vertex, true, numbers(vertices.len(), DataType::Float, vertex_bytes)),
        (MeshContent::Face, !faces.is_empty(), numbers(faces.len(), DataType::Int32, face_bytes)),
        (MeshContent::Color, !colors.is_empty(), numbers(colors.len(), DataType::Uint8, colors.concat())),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(_, is_there, _)| *is_there).collect();
    let components = parts.iter().fold(0, |bits, (content, ..)| bits | 1 << (*content as u32));
    parts.into_iter().map(|(content, _, tensor)| part(tag, mesh.config(), content, components, tensor)).collect()
}

fn part(tag: &str, config: &str, content: MeshContent, components: u32, tensor: TensorProto) -> Value {
    let shape = tensor.tensor_shape.iter().flat_map(|shape| &shape.dim).map(|dim| dim.size as i32).collect();
    let data = MeshPluginData {
        version: 0,
        name: tag.to_owned(),
        content_type: content as i32,
        // The page parses it, whatever it is.
        json_config: if config.is_empty() { "{}" } else { config }.to_owned(),
        shape,
        components,
    };
    super::value(&format!("{tag}_{}", name(content)), PLUGIN, data.encode_to_vec(), DataClass::Tensor, tensor)
}

fn name(content: MeshContent) -> &'static str {
    match content {
        MeshContent::Undefined => "UNDEFINED",
        MeshContent::Vertex => "VERTEX",
        MeshContent::Face => "FACE",
        MeshContent::Color => "COLOR",
    }
}

/// The tag of the mesh, and its points.
pub(crate) fn read(content: &[u8], tensor: &TensorProto) -> Option<(String, Mesh)> {
    let data = MeshPluginData::decode(content).ok()?;
    if data.content_type() != MeshContent::Vertex {
        return None;
    }
    let Elements::F32(cells) = super::array::read(tensor)?.elements().clone() else { return None };
    let config = if data.json_config == "{}" { String::new() } else { data.json_config };
    Some((data.name, Mesh::points(cells.as_chunks().0).with_config(config)))
}

/// The mesh with its triangles or colours, if these are of that tag and fit.
pub(crate) fn take(tag: &str, mesh: &Mesh, content: &[u8], tensor: &TensorProto) -> Option<Mesh> {
    let data = MeshPluginData::decode(content).ok().filter(|data| data.name == tag)?;
    match (data.content_type(), super::array::read(tensor)?.elements()) {
        (MeshContent::Face, Elements::I32(cells)) => {
            let cells: Vec<u32> = cells.iter().map(|cell| cell.cast_unsigned()).collect();
            mesh.clone().with_faces(cells.as_chunks().0).ok()
        }
        (MeshContent::Color, Elements::U8(cells)) => mesh.clone().with_colors(cells.as_chunks().0).ok(),
        _ => None,
    }
}
