// Other people's programs, in three forms.
//   command  COMMAND FOLDER OUT, once an input: reads FOLDER/*.npy and instance.json, writes OUT (npy) and,
//   if
//            it guarantees something, OUT.json: {"bound": …, "approximation": …, "rounding": …}
//   served   started once (or a pair of open descriptors); reads lines "FOLDER<tab>OUT", answers each with a
//            line "ok", or "failed" and a reason. So a Python callable is asked without a new interpreter.
//   library  a shared library with the function of examples/challenge/attnbounds_program.h
#pragma once

#include <filesystem>

#include "proofs_check/worst_input/program.hpp"

namespace attnbounds {

/// Runs COMMAND FOLDER OUT; its standard output goes to our standard error. Empty, or what went wrong.
/// Errors: InputError if it cannot be started.
std::string run_program(const std::vector<std::string>& command, const std::filesystem::path& folder,
                        const std::filesystem::path& out, double seconds_limit);

/// The npy files and instance.json of an input.
void write_instance(const std::filesystem::path& folder, const ProgramInput& input);

/// `scratch` must outlive the program.
Program command_program(const std::vector<std::string>& command, const std::filesystem::path& scratch,
                        double seconds_limit);
Program served_program(const std::vector<std::string>& command, const std::filesystem::path& scratch,
                       double seconds_limit);
struct Descriptors {
  int requests, answers;  // we write requests and read answers
};
Program served_program(Descriptors descriptors, const std::filesystem::path& scratch, double seconds_limit);
/// Errors: InputError.
Program library_program(const std::filesystem::path& library);

}  // namespace attnbounds
