// The kinds of certificates, a proof each. `top` is the whole certificate, `folder` where its files stand.
// Errors: Malformed, Rejected.
#pragma once

#include <optional>

#include "files.hpp"
#include "proof.hpp"

namespace checker {

/// Of the person who checks: draws rows of an attention certificate besides the certificate's own sample.
inline std::optional<long> own_seed;

Proved prove_polynomial_error(const Field& top, const Folder& folder);  // sup |r| <= bound
Proved prove_best_error(const Field& top, const Folder& folder);        // every polynomial of the degree
Proved prove_least_degree(const Field& top, const Folder& folder);      // both, a degree apart
Proved prove_threshold_point(const Field& top, const Folder& folder);
Proved prove_threshold_limit(const Field& top, const Folder& folder);
Proved prove_attention(const Field& top, const Folder& folder);
Proved prove_gradient(const Field& top, const Folder& folder);
Proved prove_layers(const Field& top, const Folder& folder);
Proved prove_reduction(const Field& top, const Folder& folder);
Proved prove_epsilon_rank(const Field& top, const Folder& folder);
Proved prove_claim_instance(const Field& top, const Folder& folder);

}  // namespace checker
