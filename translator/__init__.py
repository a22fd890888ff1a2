"""ftx: fine-tuning configurations between Axolotl, torchtune and Unsloth."""
