import bpy

controls = bpy.context.window_manager.ldr_to_hdri_controls

controls.ev = 0.0
controls.blur = 0.15
controls.temperature = 6500.0
controls.tint = 0.0
controls.saturation = 0.0
controls.sun_gain = 1.0
controls.sun_threshold = 4.0
controls.highlight_clamp = 0.0
controls.background_strength = 1.0
controls.lighting_strength = 1.0
