//! Variables of a graph: making them, listing them, the global step.

use everstep_tensor::{DType, Error, ErrorKind, Result, Shape, Spec};

use crate::{Graph, Initializer, Op, Variable, VariableDef};

/// The name of the variable that counts updates.
const GLOBAL_STEP: &str = "global_step";

impl Graph {
    /// A variable that optimizers change.
    ///
    /// # Errors
    /// If the name is taken, the dtype is not float, or the initialiser does not fit.
    #[track_caller]
    pub fn variable(
        &mut self,
        name: &str,
        dtype: DType,
        shape: impl Into<Shape>,
        initializer: Initializer,
    ) -> Result<Variable> {
        self.define(name, VariableDef { dtype, shape: shape.into(), initializer, trainable: true })
    }

    /// A variable that optimizers leave alone: a slot, a counter, a moving average.
    ///
    /// # Errors
    /// If the name is taken, or the initialiser does not fit.
    #[track_caller]
    pub fn state(
        &mut self,
        name: &str,
        dtype: DType,
        shape: impl Into<Shape>,
        initializer: Initializer,
    ) -> Result<Variable> {
        self.define(name, VariableDef { dtype, shape: shape.into(), initializer, trainable: false })
    }

    /// The variable `global_step`, an i64 scalar that counts updates and begins at 0; made at the first call.
    ///
    /// # Errors
    /// If a node of that name is something else.
    #[track_caller]
    pub fn global_step(&mut self) -> Result<Variable> {
        let Some(found) = self.find(GLOBAL_STEP) else {
            let zero = Initializer::ZEROS;
            return self.on_behalf(|graph| graph.root(|graph| graph.state(GLOBAL_STEP, DType::I64, [], zero)));
        };
        match found.op() {
            Op::Variable(VariableDef { dtype: DType::I64, shape, .. }) if shape.is_empty() => Ok(Variable(found.id())),
            _ => Err(self.refusal("global_step", "that node is not an i64 scalar variable; give it another name")),
        }
    }

    /// Every variable, ascending by name.
    pub fn variables(&self) -> Vec<Variable> {
        self.variables_where(|_| true)
    }

    /// The variables that optimizers change, ascending by name.
    pub fn trainable_variables(&self) -> Vec<Variable> {
        self.variables_where(|def| def.trainable)
    }

    /// The variable of that name.
    pub fn find_variable(&self, name: &str) -> Option<Variable> {
        self.find(name).filter(|node| matches!(node.op(), Op::Variable(_))).map(|node| Variable(node.id()))
    }

    /// Name, dtype and shape of a variable.
    ///
    /// # Errors
    /// `InvalidArgument` if the handle is of another graph.
    pub fn spec_of(&self, variable: Variable) -> Result<Spec> {
        match self.node(variable.0).map(|node| (node.name(), node.op())) {
            Some((name, Op::Variable(def))) => {
                Ok(Spec { name: name.into(), dtype: def.dtype, shape: def.shape.clone() })
            }
            _ => {
                let message = format!("{variable:?} is not of this graph; use the handles that this graph gave");
                Err(Error::new(ErrorKind::InvalidArgument, message))
            }
        }
    }

    fn variables_where(&self, accepts: fn(&VariableDef) -> bool) -> Vec<Variable> {
        let is_wanted = |op: &Op| matches!(op, Op::Variable(def) if accepts(def));
        self.nodes_by_name().filter(|node| is_wanted(node.op())).map(|node| Variable(node.id())).collect()
    }

    #[track_caller]
    fn define(&mut self, name: &str, def: VariableDef) -> Result<Variable> {
        if def.trainable && !def.dtype.is_float() {
            let message = format!("it is {}, which no optimizer changes; make it a state", def.dtype);
            return Err(self.refusal(&format!("variable {name}"), message));
        }
        self.push_exact(self.scoped(name), Op::Variable(def), &[], &[]).map(Variable)
    }
}
