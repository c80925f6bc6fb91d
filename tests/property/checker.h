// Holds what a node answers against what the model says.
#pragma once

#include <random>
#include <string>

#include "matsuri/node.h"
#include "model.h"

namespace matsuri::property {

// Asks for everything that people are shown, in pages of random sizes. Empty where all of it is as
// the model says, else the first thing that is not. REQUIRES: every view has come to rest.
std::string difference(ServerNode& node, const Model& model, std::mt19937_64& random);

}  // namespace matsuri::property
