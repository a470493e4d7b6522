//! Variables of a graph: making them, listing them, the global step.

use everstep_tensor::{DType, Error, ErrorKind, Result, Shape, Spec};

use crate::{Graph, Initializer, Op, Variable, VariableDef, VariableKind};

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
        let kind = VariableKind::Trainable;
        self.define(name, VariableDef { dtype, shape: shape.into(), initializer, kind })
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
        let kind = VariableKind::State;
        self.define(name, VariableDef { dtype, shape: shape.into(), initializer, kind })
    }

    /// A variable that each session makes anew and that is never saved; optimizers leave it alone.
    ///
    /// # Errors
    /// If the name is taken, or the initialiser does not fit.
    #[track_caller]
    pub fn local_variable(
        &mut self,
        name: &str,
        dtype: DType,
        shape: impl Into<Shape>,
        initializer: Initializer,
    ) -> Result<Variable> {
        let kind = VariableKind::Local;
        self.define(name, VariableDef { dtype, shape: shape.into(), initializer, kind })
    }

    /// The variable `global_step`, an i64 scalar that counts updates and begins at 0; made if there is none.
    ///
    /// # Errors
    /// As [`find_global_step`](Self::find_global_step).
    #[track_caller]
    pub fn global_step(&mut self) -> Result<Variable> {
        match self.find_global_step()? {
            Some(found) => Ok(found),
            None => self.create_global_step(),
        }
    }

    /// Makes the variable `global_step`.
    ///
    /// # Errors
    /// If there is a node of that name.
    #[track_caller]
    pub fn create_global_step(&mut self) -> Result<Variable> {
        let zero = Initializer::ZEROS;
        self.on_behalf(|graph| graph.root(|graph| graph.state(GLOBAL_STEP, DType::I64, [], zero)))
    }

    /// The variable `global_step`, if there is one.
    ///
    /// # Errors
    /// If a node of that name is something else than a saved variable that holds one i64.
    #[track_caller]
    pub fn find_global_step(&self) -> Result<Option<Variable>> {
        let Some(found) = self.find(GLOBAL_STEP) else { return Ok(None) };
        let is_step =
            |def: &VariableDef| def.dtype == DType::I64 && def.shape.is_empty() && def.kind != VariableKind::Local;
        if matches!(found.op(), Op::Variable(def) if is_step(def)) {
            return Ok(Some(Variable(found.id())));
        }
        let types: String = found.outputs().iter().map(|output| format!(" of {output}")).collect();
        let op = found.op().name();
        let message = format!("that node is a {op}{types}, not a saved scalar variable of i64; give it another name");
        Err(self.refusal(GLOBAL_STEP, message))
    }

    /// Every variable that is saved, ascending by name: all but the local ones.
    pub fn variables(&self) -> Vec<Variable> {
        self.variables_where(|kind| kind != VariableKind::Local)
    }

    /// The variables that each session makes anew, ascending by name.
    pub fn local_variables(&self) -> Vec<Variable> {
        self.variables_where(|kind| kind == VariableKind::Local)
    }

    /// The variables that optimizers change, ascending by name.
    pub fn trainable_variables(&self) -> Vec<Variable> {
        self.variables_where(|kind| kind == VariableKind::Trainable)
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

    fn variables_where(&self, accepts: fn(VariableKind) -> bool) -> Vec<Variable> {
        let is_wanted = |op: &Op| matches!(op, Op::Variable(def) if accepts(def.kind));
        self.nodes_by_name().filter(|node| is_wanted(node.op())).map(|node| Variable(node.id())).collect()
    }

    #[track_caller]
    fn define(&mut self, name: &str, def: VariableDef) -> Result<Variable> {
        if def.kind == VariableKind::Trainable && !def.dtype.is_float() {
            let message = format!("it is {}, which no optimizer changes; make it a state", def.dtype);
            return Err(self.refusal(&format!("variable {name}"), message));
        }
        self.push_exact(self.scoped(name), Op::Variable(def), &[], &[]).map(Variable)
    }
}
