//! The host of components: one engine for the process, made when the first component is needed, and not before.
//!
//! Counts what it makes, so that tests can hold a build in which nothing changed to «no component at all». Does not
//! know which builders there are.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::Component;

use super::aot::Compiled;
use super::component::{ComponentBuilder, ComponentFile, Loaded};
use super::error::Fault;
use super::inspect::inspect;
use super::interface::Interface;
use super::machine::Machine;
use super::settings::{Limits, Settings};

pub use super::aot::AotFault;

/// Runs components. Clones share one engine and one count.
#[derive(Clone)]
pub struct PluginHost(Arc<Inner>);

struct Inner {
    settings: Settings,
    machine: Mutex<Option<Arc<Machine>>>,
    engines: AtomicU64,
    instantiations: AtomicU64,
    compilations: AtomicU64,
    faults: Mutex<Vec<AotFault>>,
}

impl fmt::Debug for PluginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PluginHost")
    }
}

impl PluginHost {
    /// A host that has made nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Inner {
            settings,
            machine: Mutex::new(None),
            engines: AtomicU64::new(0),
            instantiations: AtomicU64::new(0),
            compilations: AtomicU64::new(0),
            faults: Mutex::new(Vec::new()),
        }))
    }

    /// A builder of this name; the component is loaded when it is first called.
    pub fn builder(&self, name: impl Into<String>, file: ComponentFile) -> ComponentBuilder {
        ComponentBuilder::new(self.clone(), name.into(), file)
    }

    /// What components and calls may use.
    pub fn limits(&self) -> &Limits {
        &self.0.settings.limits
    }

    /// How many engines were made: none or one.
    pub fn engines(&self) -> u64 {
        self.0.engines.load(Ordering::Relaxed)
    }

    /// How many components were instantiated: one for each call.
    pub fn instantiations(&self) -> u64 {
        self.0.instantiations.load(Ordering::Relaxed)
    }

    /// How many components were compiled, as against loaded in their compiled form.
    pub fn compilations(&self) -> u64 {
        self.0.compilations.load(Ordering::Relaxed)
    }

    /// What was wrong with the kept compiled components since this was last asked. Each was compiled anew, so none of
    /// it stops a build.
    pub fn take_faults(&self) -> Vec<AotFault> {
        std::mem::take(&mut lock(&self.0.faults))
    }

    pub(super) fn count_instance(&self) {
        self.0.instantiations.fetch_add(1, Ordering::Relaxed);
    }

    /// Loads a component: in its compiled form where that is kept, else by compiling it.
    pub(super) fn load(&self, file: &ComponentFile) -> Result<Loaded, Fault> {
        let machine = self.machine()?;
        let component = match self.compiled(&machine, file) {
            Some(component) => component,
            None => self.compile(&machine, file)?,
        };
        let component = machine.link(&component)?;
        Ok(Loaded { machine, component })
    }

    fn machine(&self) -> Result<Arc<Machine>, Fault> {
        let mut machine = lock(&self.0.machine);
        if let Some(machine) = &*machine {
            return Ok(Arc::clone(machine));
        }
        let made = Arc::new(Machine::new()?);
        self.0.engines.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::clone(machine.insert(made)))
    }

    /// The kept compiled form. Its imports are checked again, so that what is linked was checked in any case.
    fn compiled(&self, machine: &Machine, file: &ComponentFile) -> Option<Component> {
        let kept = self.kept(machine, file)?;
        match kept.load(&machine.engine) {
            Ok(component) => component.filter(|component| interface(machine, component).check().is_ok()),
            Err(fault) => {
                self.note(fault);
                None
            }
        }
    }

    fn compile(&self, machine: &Machine, file: &ComponentFile) -> Result<Component, Fault> {
        inspect(&file.bytes, &self.limits().component)?.check()?;
        self.0.compilations.fetch_add(1, Ordering::Relaxed);
        let compile = AssertUnwindSafe(|| Component::from_binary(&machine.engine, &file.bytes));
        let compiled = catch_unwind(compile);
        let component = compiled
            .map_err(|_| Fault::Invalid("the compiler panicked on it".to_owned()))?
            .map_err(|error| Fault::Invalid(format!("{error:#}")))?;
        if let Some(kept) = self.kept(machine, file)
            && let Err(fault) = kept.save(&component)
        {
            self.note(fault);
        }
        Ok(component)
    }

    fn kept(&self, machine: &Machine, file: &ComponentFile) -> Option<Compiled<'_>> {
        let folder = self.0.settings.compiled.as_deref()?;
        Some(Compiled::new(folder, &machine.engine, &file.digest))
    }

    fn note(&self, fault: AotFault) {
        lock(&self.0.faults).push(fault);
    }
}

fn interface(machine: &Machine, component: &Component) -> Interface {
    let component = component.component_type();
    let names = |(name, _): (&str, _)| name.to_owned();
    Interface {
        imports: component.imports(&machine.engine).map(names).collect(),
        exports: component.exports(&machine.engine).map(names).collect(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
