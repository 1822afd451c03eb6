#pragma once

#include <string>

#include "gluesweep/emulator/emulator.hpp"

namespace gluesweep::emulator {

/// Writes the emulator as a TorchScript module that needs nothing but LibTorch:
///   forward(theta (B, p), x (M)) -> (B, M, u)   the unknowns; x is the problem's variable
///   scalars(theta) -> (B, S)
///   inside(theta) -> (B) bool
/// and the attributes axes, unknowns, scalar_names, variable (their names) and job. It is NaN outside the
/// domains of the emulator and of the problem; gradients in theta and x are autograd's.
/// Never replaces a file. Throws job::InputError where it cannot be created.
void write_torchscript(const std::string& path, const Emulator& emulator);

/// The source of its methods.
std::string torchscript_source(const Emulator& emulator);

}  // namespace gluesweep::emulator
