// Holds what is in a node against what its people were told.
#pragma once

#include <string>

#include "crowd.h"
#include "node.h"

namespace matsuri::powercut {

// Empty where every promise held, else the first that did not. REQUIRES: the node is drained.
//
//   every answered sign-up is there once, with the id that was told, and can log in; nobody twice
//   every answered post is there once, with its id, author and text; no text twice, none unasked
//   for applied + duplicate + refused + quarantined of the view = records of the journal, by the
//   database positions stand at the ends of journal and outbox; those that were told lie within
//   facts: one for each account and each post, numbered without gap; the timeline knows all names
//   the applier's identity holds
std::string broken_promise(Node& node, const Crowd& crowd);

}  // namespace matsuri::powercut
