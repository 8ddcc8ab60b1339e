// The catalogue as text: JSON, an explanation of one claim, CLAIMS.md, and a page a paper.
#pragma once

#include "proofs_check/claim.hpp"

namespace attnbounds {

Json catalogue_json(const std::vector<const Claim*>& claims);
std::string explanation(const Claim& claim);
std::string catalogue_markdown(const std::vector<Claim>& claims);

/// A page a paper and their index, by file name: docs/claims.
std::map<std::string, std::string> catalogue_pages(const std::vector<Claim>& claims);

}  // namespace attnbounds
