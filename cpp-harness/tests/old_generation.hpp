// Lends llama_api_old.cpp to a library of another generation: bitnet.cpp cannot be had by a package,
// and what is never compiled and run is not known to work.
//
// Included before llama_api_old.cpp. It declares the calls of llama.cpp of 2024 that ik_llama.cpp
// has under later names; old_generation.cpp defines them by those. All others have the same form in
// both.
#pragma once

#include "llama.h"

extern "C" {
llama_model * llama_load_model_from_file(const char * path, llama_model_params params);
llama_context * llama_new_context_with_model(llama_model * model, llama_context_params params);
}
