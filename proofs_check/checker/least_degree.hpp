// The proof that a certificate stands for: the least degree whose best error is at most epsilon is g.
#pragma once

#include "certificate.hpp"

namespace checker {

/// The certificate is well formed, but does not prove its claim: the first step that fails.
struct Rejected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What was proved, as decimals rounded outwards. Empty text: the certificate says nothing of that end.
struct Proved {
  std::string error_lower, error_upper;              // best error at the degree
  std::string error_below_lower, error_below_upper;  // best error at one degree less
  long bits = 0;                                     // working precision that sufficed
};

/// At this precision neither a step nor its failure is certain.
struct Undecided : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// At the current working_bits, for degrees and counts that fit: a ball whose every member is at least the
/// polynomial's error, and one whose every member is at most the best error. Errors: Rejected, Undecided.
Ball upper_bound(const Upper& upper, ErrorKind kind, const Ball& X);
Ball lower_bound(const Lower& lower, ErrorKind kind, const Ball& X);

/// Errors: Rejected.
Proved prove(const Certificate& certificate);

}  // namespace checker
