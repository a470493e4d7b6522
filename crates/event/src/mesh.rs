//! Points in space.

use std::{
    io::{self, ErrorKind},
    sync::Arc,
};

/// Points in space, or the triangles between them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    vertices: Arc<[[f32; 3]]>,
    faces: Arc<[[u32; 3]]>,
    colors: Arc<[[u8; 3]]>,
    config: String,
}

impl Mesh {
    /// Points at these coordinates.
    pub fn points(vertices: impl Into<Arc<[[f32; 3]]>>) -> Self {
        Self { vertices: vertices.into(), ..Self::default() }
    }

    /// The same with triangles, each of the numbers of three points, counted from 0.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: a triangle has a point that is not there.
    pub fn with_faces(mut self, faces: impl Into<Arc<[[u32; 3]]>>) -> io::Result<Self> {
        self.faces = faces.into();
        match self.faces.iter().flatten().find(|vertex| **vertex as usize >= self.vertices.len()) {
            None => Ok(self),
            Some(vertex) => {
                let message = format!("a triangle has the point {vertex} of only {}", self.vertices.len());
                Err(io::Error::new(ErrorKind::InvalidInput, format!("{message}; they are counted from 0")))
            }
        }
    }

    /// The same with the red, green and blue of each point.
    ///
    /// # Errors
    ///
    /// `InvalidInput`: there are not as many as points.
    pub fn with_colors(mut self, colors: impl Into<Arc<[[u8; 3]]>>) -> io::Result<Self> {
        self.colors = colors.into();
        if self.colors.len() == self.vertices.len() {
            return Ok(self);
        }
        let message =
            format!("{} points cannot have {} colours; give one for each", self.vertices.len(), self.colors.len());
        Err(io::Error::new(ErrorKind::InvalidInput, message))
    }

    /// The same with a scene: camera, lights and material, as JSON with the names of three.js.
    pub fn with_config(mut self, json: impl Into<String>) -> Self {
        self.config = json.into();
        self
    }

    /// The coordinates of the points.
    pub fn vertices(&self) -> &[[f32; 3]] {
        &self.vertices
    }

    /// The triangles; none for points alone.
    pub fn faces(&self) -> &[[u32; 3]] {
        &self.faces
    }

    /// Red, green and blue of each point; none for TensorBoard's choice.
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// The scene, as JSON; empty for TensorBoard's choice.
    pub fn config(&self) -> &str {
        &self.config
    }
}
