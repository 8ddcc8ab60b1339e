// The catalogue as text: JSON, an explanation of one claim, and CLAIMS.md.
#pragma once

#include "proofs_check/claim.hpp"

namespace attnbounds {

Json catalogue_json(const std::vector<const Claim*>& claims);
std::string explanation(const Claim& claim);
std::string catalogue_markdown(const std::vector<Claim>& claims);

}  // namespace attnbounds
